//! How `stats` looks: a screen with what each number means, or two tables side by side.

use std::io::Write;

use anyhow::Result;

use super::answer::{CosineStats, NormOf, NormStats, OutlierDimension, SpectrumStats, StatsReport};
use crate::geometry::FEWEST_COLUMNS;
use crate::report::glyphs::heights;
use crate::report::number::{grouped, percent, rounded};
use crate::report::{Answer, Cell, Column, Float, Page, Records, TOKEN_WIDTH, json};
use crate::text::{counted, visible};

/// The column where facts begin.
const LABEL: usize = "mean row".len() + 2;

/// The screen names at most this many outlier dimensions.
const NAMED: usize = 4;

/// The singular values that are printed, and the columns of the curve.
const FIRST: usize = 5;
const CURVE: usize = 48;

impl Answer for StatsReport {
    fn records(&self, out: &mut dyn Records) -> Result<()> {
        let own = facts(self);
        let Some(other) = &self.other else {
            out.header(&["key", "#value"].map(Column::of))?;
            return own
                .into_iter()
                .try_for_each(|(key, value)| out.record(&[Cell::Word(key), value]));
        };
        let number = |name| Column { name, is_number: true };
        out.header(&[
            Column::text("key"),
            number(visible(&self.model)),
            number(visible(&other.model)),
        ])?;
        for ((key, own), (_, other)) in own.into_iter().zip(facts(other)) {
            out.record(&[Cell::Word(key), own, other])?;
        }
        Ok(())
    }

    fn lines(&self, out: &mut dyn Write) -> Result<()> {
        let alone = Self { other: None, ..self.clone() };
        json::lines(std::iter::once(&alone).chain(self.other.as_deref()), out)
    }

    fn table(&self, page: &mut Page) -> Result<()> {
        let Some(other) = &self.other else { return screen(self, page) };
        page.paragraph(&format!("first   {}", title(self)))?;
        page.paragraph(&format!("second  {}", title(other)))?;
        let rows = facts(self).into_iter().zip(facts(other));
        let rows =
            rows.map(|((key, own), (_, other))| [key.to_owned(), shown(&own), shown(&other)]);
        page.grid(&["", "#first", "#second"].map(Column::of), rows)
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }
}

fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Count(n) => grouped(*n),
        Cell::Number(n) => n.to_string(),
        Cell::Wide(value) => rounded(value.0),
        _ => "-".to_owned(),
    }
}

/// The numbers by name, in the same order for every table.
fn facts(report: &StatsReport) -> Vec<(&'static str, Cell<'static>)> {
    fn real(value: Option<Float<f64>>) -> Cell<'static> {
        value.map_or(Cell::Nothing, Cell::Wide)
    }
    let norms = report.norms.as_ref();
    let norm = |of: fn(&NormStats) -> Float<f64>| real(norms.map(of));
    let (cosines, centred) = (report.cosines, report.cosines_centred);
    let mut facts = vec![
        ("n_vocab", Cell::Count(report.table.n_vocab)),
        ("d_model", Cell::Count(report.table.d_model)),
        ("rows", Cell::Count(report.rows.n)),
        ("rows_zero", Cell::Count(report.rows.zero)),
        ("rows_not_finite", Cell::Count(report.rows.not_finite)),
        ("rows_duplicate", Cell::Count(report.rows.duplicate)),
        ("rows_near_duplicate", Cell::Count(report.rows.near_duplicate)),
        ("norm_mean", norm(|it| it.mean)),
        ("norm_sd", norm(|it| it.sd)),
        ("norm_min", norm(|it| it.min)),
        ("norm_q01", norm(|it| it.q01)),
        ("norm_q05", norm(|it| it.q05)),
        ("norm_q25", norm(|it| it.q25)),
        ("norm_median", norm(|it| it.median)),
        ("norm_q75", norm(|it| it.q75)),
        ("norm_q95", norm(|it| it.q95)),
        ("norm_q99", norm(|it| it.q99)),
        ("norm_max", norm(|it| it.max)),
        ("norm_shortest_id", Cell::number(norms.map(|it| it.shortest.id))),
        ("norm_longest_id", Cell::number(norms.map(|it| it.longest.id))),
        ("mean_row_norm", Cell::Wide(report.mean_row.norm)),
        ("mean_row_energy_share", Cell::Wide(report.mean_row.energy_share)),
        ("cosine_mean", real(cosines.map(|it| it.mean))),
        ("cosine_sd", real(cosines.and_then(|it| it.sd))),
        ("cosine_mean_centred", real(centred.map(|it| it.mean))),
        ("cosine_sd_centred", real(centred.and_then(|it| it.sd))),
        ("isotropy", real(report.isotropy)),
        ("isoscore", real(report.isoscore)),
    ];
    let spectra = [(RAW, &report.spectrum), (CENTRED, &report.spectrum_centred)];
    for (names, spectrum) in spectra {
        let spectrum = spectrum.as_ref();
        let first =
            (0..FIRST).map(|at| real(spectrum.and_then(|it| it.singular_values.get(at).copied())));
        let ratios: [fn(&SpectrumStats) -> Float<f64>; 2] =
            [|it| it.participation_ratio, |it| it.effective_rank];
        let counts: [fn(&SpectrumStats) -> u64; 3] =
            [|it| it.dimensions_50, |it| it.dimensions_90, |it| it.dimensions_99];
        let ratios = ratios.map(|of| real(spectrum.map(of)));
        let counts = counts.map(|of| Cell::count(spectrum.map(of)));
        facts.extend(names.into_iter().zip(first.chain(ratios).chain(counts)));
    }
    let outliers = report.outlier_dimensions.as_ref().map(|it| it.len() as u64);
    facts.push(("outlier_dimensions", Cell::count(outliers)));
    facts.push(("id_norm_correlation", real(report.id_norm_correlation)));
    facts
}

/// The names of a spectrum's numbers.
const RAW: [&str; FIRST + 5] = [
    "singular_value_1",
    "singular_value_2",
    "singular_value_3",
    "singular_value_4",
    "singular_value_5",
    "participation_ratio",
    "effective_rank",
    "dimensions_50",
    "dimensions_90",
    "dimensions_99",
];
const CENTRED: [&str; FIRST + 5] = [
    "singular_value_1_centred",
    "singular_value_2_centred",
    "singular_value_3_centred",
    "singular_value_4_centred",
    "singular_value_5_centred",
    "participation_ratio_centred",
    "effective_rank_centred",
    "dimensions_50_centred",
    "dimensions_90_centred",
    "dimensions_99_centred",
];

fn title(report: &StatsReport) -> String {
    let table = &report.table;
    let (model, tensor) = (visible(&report.model), visible(&table.tensor));
    format!("{model}: {tensor}, {}, [{}, {}]", table.format, table.n_vocab, table.d_model)
}

fn screen(report: &StatsReport, page: &mut Page) -> Result<()> {
    page.paragraph(&title(report))?;
    if let Some(norms) = &report.norms {
        show_norms(norms, page)?;
    }
    let mean = &report.mean_row;
    let line =
        format!("norm {}, {} of the energy", rounded(mean.norm.0), percent(mean.energy_share.0));
    page.labelled(LABEL, "mean row", &line)?;
    if let (Some(cosines), Some(centred)) = (&report.cosines, &report.cosines_centred) {
        let line = format!(
            "{} over all pairs of rows; {} less the mean row",
            spread(cosines),
            spread(centred)
        );
        page.labelled(LABEL, "cosines", &line)?;
        if !page.is_quiet() {
            page.labelled(LABEL, "", &lean(cosines.mean.0))?;
        }
    }
    if let (Some(isotropy), Some(isoscore)) = (report.isotropy, report.isoscore) {
        let [isotropy, isoscore] = [isotropy, isoscore].map(|x| rounded(x.0));
        let most = if page.is_quiet() { "" } else { "; at most 1" };
        let line = format!("{isotropy} (Mu and Viswanath), IsoScore {isoscore}{most}");
        page.labelled(LABEL, "isotropy", &line)?;
    }
    if let (Some(raw), Some(centred)) = (&report.spectrum, &report.spectrum_centred) {
        show_spectra([raw, centred], report.table.d_model, page)?;
    }
    if let Some(outliers) = &report.outlier_dimensions {
        page.labelled(LABEL, "outliers", &told(outliers, report.table.d_model))?;
    }
    let rows = &report.rows;
    let mut kinds = vec![
        format!("{} of zeros", grouped(rows.zero)),
        format!("{} duplicates", grouped(rows.duplicate)),
    ];
    if report.spectrum.is_some() {
        kinds.push(format!("{} near-duplicates (cosine 0.999)", grouped(rows.near_duplicate)));
    }
    if rows.not_finite > 0 {
        kinds.push(format!("{} with NaN or infinity, left out", grouped(rows.not_finite)));
    }
    page.labelled(LABEL, "rows", &format!("{}: {}", grouped(rows.n), kinds.join(", ")))?;
    let Some(rank) = report.id_norm_correlation else { return Ok(()) };
    let means = match rank.0 {
        rank if rank > 0.2 => "later tokens have longer rows",
        rank if rank < -0.2 => "later tokens have shorter rows",
        _ => "an ID says little about its norm",
    };
    let means = if page.is_quiet() { String::new() } else { format!(": {means}") };
    page.labelled(LABEL, "IDs", &format!("rank correlation with the norm {}{means}", two(rank.0)))
}

fn show_norms(norms: &NormStats, page: &mut Page) -> Result<()> {
    let [mean, sd, low, high, min, max] =
        [norms.mean, norms.sd, norms.q25, norms.q75, norms.min, norms.max].map(|x| rounded(x.0));
    let line = format!("{mean}, standard deviation {sd}; half of them from {low} to {high}");
    page.labelled(LABEL, "norms", &line)?;
    if norms.histogram.len() > 1 {
        let counts: Vec<f64> = norms.histogram.iter().map(|n| *n as f64).collect();
        writeln!(page, "{:LABEL$}{min} {} {max}", "", heights(&counts))?;
    }
    let named = |of: &NormOf| format!("{} (ID {})", of.token.quoted(TOKEN_WIDTH), of.id);
    let line = format!("shortest {}, longest {}", named(&norms.shortest), named(&norms.longest));
    page.labelled(LABEL, "", &line)
}

/// Two decimals, without a minus sign before zero.
fn two(value: f64) -> String {
    format!("{:.2}", (value * 100.0).round() / 100.0 + 0.0)
}

fn spread(cosines: &CosineStats) -> String {
    match cosines.sd {
        Some(sd) => format!("{} ± {}", two(cosines.mean.0), two(sd.0)),
        None => two(cosines.mean.0),
    }
}

/// What the mean cosine means.
fn lean(mean: f64) -> String {
    let shown = two(mean);
    if mean >= 0.1 {
        format!(
            "two unrelated tokens have cosine {shown}: the rows lean one way; subtract the mean to \
             compare"
        )
    } else {
        format!("two unrelated tokens have cosine {shown}: the rows lean no way")
    }
}

fn show_spectra(spectra: [&SpectrumStats; 2], d_model: u64, page: &mut Page) -> Result<()> {
    let columns =
        ["spectrum", "first singular values", "#participation", "#rank", "#50 %", "#90 %", "#99 %"];
    let rows = ["as stored", "centred"].into_iter().zip(spectra).map(|(name, it)| {
        let first = it.singular_values.iter().take(FIRST).map(|x| brief(x.0));
        let first = first.collect::<Vec<_>>().join(" ");
        let [a, b] = [it.participation_ratio, it.effective_rank].map(|x| brief(x.0));
        let [c, d, e] = [it.dimensions_50, it.dimensions_90, it.dimensions_99].map(grouped);
        [name.to_owned(), first, a, b, c, d, e]
    });
    page.grid(&columns.map(Column::of), rows)?;
    let values = &spectra[1].singular_values;
    let columns = CURVE.min(values.len());
    let at = |i: usize| values[i * values.len() / columns].0;
    let curve = heights(&(0..columns).map(at).collect::<Vec<_>>());
    let used = brief(spectra[1].participation_ratio.0);
    writeln!(page, "{:LABEL$}{curve}", "")?;
    if page.is_quiet() {
        return Ok(());
    }
    let line =
        format!("centred rows spread as if over {used} of {} equal dimensions", grouped(d_model));
    page.labelled(LABEL, "", &line)
}

/// Four digits at most.
fn brief(value: f64) -> String {
    match value.abs() {
        x if x < 0.01 || !x.is_finite() => rounded(value),
        x if x < 10.0 => format!("{value:.2}"),
        x if x < 1000.0 => format!("{value:.1}"),
        _ => rounded(value.round()),
    }
}

fn told(outliers: &[OutlierDimension], d_model: u64) -> String {
    if d_model < FEWEST_COLUMNS as u64 {
        return "too few dimensions to tell".to_owned();
    }
    if outliers.is_empty() {
        return "none: no dimension is 6 standard deviations from the others".to_owned();
    }
    let mut by_share: Vec<&OutlierDimension> = outliers.iter().collect();
    by_share.sort_by(|a, b| b.cosine_share.0.abs().total_cmp(&a.cosine_share.0.abs()));
    let named =
        |it: &&OutlierDimension| format!("{} ({})", it.dimension, percent(it.cosine_share.0));
    let mut named: Vec<String> = by_share.iter().take(NAMED).map(named).collect();
    if outliers.len() > NAMED {
        named.push(format!("{} more", outliers.len() - NAMED));
    }
    let n = counted(outliers.len() as u64, "dimension");
    let named = named.join(", ");
    format!("{n} of {}, with their share of the mean cosine: {named}", grouped(d_model))
}
