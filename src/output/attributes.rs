//! What the new file takes over from the file that it replaces: owner, group,
//! mode, access lists and extended attributes.
//!
//! If the owner or the group can't be kept, their bits are dropped: nobody gets
//! more rights than the old file gave.

#[cfg(not(unix))]
pub(super) use elsewhere::Attributes;
#[cfg(unix)]
pub(super) use unix::Attributes;

#[cfg(unix)]
mod unix {
    use std::fs::{self, File, Permissions};
    use std::io;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    use std::path::Path;

    use super::extended::Extended;

    /// The attributes of a file.
    pub(in super::super) struct Attributes {
        owner: u32,
        group: u32,
        mode: u32,
        extended: Extended,
    }

    /// The bits that make a program run as the owner, or as the group.
    const SET_USER: u32 = 0o4000;
    const SET_GROUP: u32 = 0o2000;

    impl Attributes {
        pub(in super::super) fn of(path: &Path) -> io::Result<Self> {
            let found = fs::metadata(path)?;
            Ok(Self {
                owner: found.uid(),
                group: found.gid(),
                mode: found.mode() & 0o7777,
                extended: Extended::of(path),
            })
        }

        /// Applies them to a new file. Returns those that could not be kept.
        pub(in super::super) fn give(&self, file: &File) -> io::Result<Vec<String>> {
            let now = file.metadata()?;
            // The group first: the owner may be needed to change it.
            let has_group = now.gid() == self.group || fchown(file, None, Some(self.group)).is_ok();
            let has_owner = now.uid() == self.owner || fchown(file, Some(self.owner), None).is_ok();
            let mut lost = Vec::new();
            if !has_owner {
                lost.push(format!("the owner {}", self.owner));
            }
            if !has_group {
                lost.push(format!("the group {}", self.group));
            }
            let mut mode = left(self.mode, has_owner, has_group);
            // An access list was made for this owner and this group.
            let keeps_list = has_owner && has_group;
            let lost_extended = self.extended.give(file, keeps_list);
            if lost_extended.iter().any(|name| name == super::extended::ACCESS_LIST) {
                // The list may have denied access to somebody.
                mode &= 0o700;
            }
            lost.extend(lost_extended);
            // Last: a change of the owner clears the set-user-ID bit.
            file.set_permissions(Permissions::from_mode(mode))?;
            Ok(lost)
        }
    }

    /// The bits of a mode that stay after a change of owner or group.
    fn left(mut mode: u32, has_owner: bool, has_group: bool) -> u32 {
        if !has_owner || !has_group {
            mode &= !(SET_USER | SET_GROUP);
        }
        // The old owner and group are now among the others.
        if !has_group {
            mode &= !0o070 & (!0o007 | mode >> 3);
        }
        if !has_owner {
            mode &= !0o070 | mode >> 3;
            mode &= !0o007 | mode >> 6;
        }
        mode
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn nobody_gets_more_rights() {
            for mode in 0..=0o7777 {
                assert_eq!(left(mode, true, true), mode);
                for (has_owner, has_group) in [(false, true), (true, false), (false, false)] {
                    let left = left(mode, has_owner, has_group);
                    assert_eq!(left & !mode, 0, "{mode:o}: {left:o}");
                    assert_eq!(left & (SET_USER | SET_GROUP), 0, "{mode:o}: {left:o}");
                    let others = left & 7;
                    if !has_group {
                        assert_eq!(left & 0o070, 0, "{mode:o}: {left:o}");
                        assert_eq!(others & !(mode >> 3), 0, "{mode:o}: {left:o}");
                    }
                    if !has_owner {
                        assert_eq!(others & !(mode >> 6), 0, "{mode:o}: {left:o}");
                    }
                }
            }
            assert_eq!(left(0o4775, false, false), 0o705);
            assert_eq!(left(0o660, true, false), 0o600);
            assert_eq!(left(0o2750, true, false), 0o700);
            assert_eq!(left(0o604, true, false), 0o600);
        }
    }
}

/// Extended attributes, access lists among them.
#[cfg(any(target_os = "linux", target_os = "macos"))]
mod extended {
    use std::ffi::CString;
    use std::fs::File;
    use std::path::Path;

    use rustix::fs::{XattrFlags, fgetxattr, fremovexattr, fsetxattr, getxattr, listxattr};

    /// The name of an access list among extended attributes on Linux.
    pub(super) const ACCESS_LIST: &str = "system.posix_acl_access";

    /// Checksums of the content, which is new.
    const OF_THE_CONTENT: [&str; 2] = ["security.ima", "security.evm"];

    /// Linux limits the list of names, and each value, to this length.
    const LONGEST: usize = 64 << 10;

    /// The extended attributes of a file.
    pub(super) struct Extended {
        all: Vec<(CString, Vec<u8>)>,
        /// On macOS an access list is not an extended attribute. It is copied.
        #[cfg(target_os = "macos")]
        file: Option<File>,
    }

    impl Extended {
        pub(super) fn of(path: &Path) -> Self {
            let mut names = vec![0; LONGEST];
            let length = listxattr(path, &mut names[..]).unwrap_or(0);
            let names = names[..length].split(|&byte| byte == 0).filter(|name| !name.is_empty());
            let value = |name: &[u8]| {
                let name = CString::new(name).ok()?;
                let mut value = vec![0; LONGEST];
                let length = getxattr(path, &*name, &mut value[..]).ok()?;
                value.truncate(length);
                Some((name, value))
            };
            Self {
                all: names.filter_map(value).collect(),
                #[cfg(target_os = "macos")]
                file: File::open(path).ok(),
            }
        }

        /// Applies them to a new file. Returns those that could not be kept.
        pub(super) fn give(&self, file: &File, keeps_list: bool) -> Vec<String> {
            let mut lost = Vec::new();
            let mut has_list = false;
            for (name, value) in &self.all {
                let shown = name.to_string_lossy();
                if OF_THE_CONTENT.contains(&&*shown) {
                    continue;
                }
                let is_list = shown == ACCESS_LIST;
                has_list |= is_list;
                let mut now = vec![0; value.len() + 1];
                let has = fgetxattr(file, &**name, &mut now[..]).is_ok_and(|length| {
                    now.truncate(length);
                    now == *value
                });
                let kept = has
                    || ((keeps_list || !is_list)
                        && fsetxattr(file, &**name, value, XattrFlags::empty()).is_ok());
                if !kept {
                    lost.push(shown.into_owned());
                }
            }
            // The new file may have inherited a list from its folder.
            if !has_list || lost.iter().any(|name| name == ACCESS_LIST) {
                let _ = fremovexattr(file, ACCESS_LIST);
            }
            #[cfg(target_os = "macos")]
            if !keeps_list || !self.copy_list(file) {
                lost.push(ACCESS_LIST.to_owned());
            }
            lost
        }

        #[cfg(target_os = "macos")]
        fn copy_list(&self, to: &File) -> bool {
            use std::os::fd::AsRawFd;
            let Some(from) = &self.file else { return false };
            let (from, to) = (from.as_raw_fd(), to.as_raw_fd());
            // SAFETY: both are open, and a state is not needed.
            unsafe { libc::fcopyfile(from, to, std::ptr::null_mut(), libc::COPYFILE_ACL) == 0 }
        }
    }
}

/// Other systems: extended attributes are not read.
#[cfg(all(unix, not(any(target_os = "linux", target_os = "macos"))))]
mod extended {
    use std::fs::File;
    use std::path::Path;

    pub(super) const ACCESS_LIST: &str = "access list";

    pub(super) struct Extended;

    impl Extended {
        pub(super) fn of(_: &Path) -> Self {
            Self
        }

        pub(super) fn give(&self, _: &File, _: bool) -> Vec<String> {
            Vec::new()
        }
    }
}

#[cfg(not(unix))]
mod elsewhere {
    use std::fs::{self, File, Permissions};
    use std::io;
    use std::path::Path;

    /// The attributes of a file.
    pub(in super::super) struct Attributes(Permissions);

    impl Attributes {
        pub(in super::super) fn of(path: &Path) -> io::Result<Self> {
            Ok(Self(fs::metadata(path)?.permissions()))
        }

        pub(in super::super) fn give(&self, file: &File) -> io::Result<Vec<String>> {
            file.set_permissions(self.0.clone()).map(|()| Vec::new())
        }
    }
}
