//! The steps from a stored row to what the first block receives, as answers list
//! them.

use serde::Serialize;

use crate::input::Step;
use crate::report::Float;

/// One step from a stored row to what the first block receives.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InputStep {
    /// `scale`, `token_type`, `position`, `layer_norm`, `rms_norm`,
    /// `per_layer`, `nothing` or `unknown`.
    pub step: &'static str,
    /// The metadata key or the tensors it came from, or a rule.
    pub from: String,
    /// The factor of a scale, the epsilon of a norm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Float<f32>>,
    /// What was done, in words.
    pub text: String,
}

impl From<&Step> for InputStep {
    fn from(Step { name, from, value, text, .. }: &Step) -> Self {
        Self { step: name, from: from.clone(), value: value.map(Float), text: text.clone() }
    }
}
