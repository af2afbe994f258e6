//! The steps from a stored row to the input of the first block, as answers list them.

use serde::Serialize;

use crate::input::Step;
use crate::report::Float;

/// One step from a stored row to the input of the first block.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InputStep {
    /// `scale`, `token_type`, `position`, `layer_norm`, `rms_norm`,
    /// `per_layer`, `nothing` or `unknown`.
    pub step: &'static str,
    /// The source of the step: a metadata key, tensors, or a rule.
    pub from: String,
    /// The factor of a scale, the epsilon of a norm.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Float<f32>>,
    /// The step in words.
    pub text: String,
}

impl From<&Step> for InputStep {
    fn from(Step { name, from, value, text, .. }: &Step) -> Self {
        Self { step: name, from: from.clone(), value: value.map(Float), text: text.clone() }
    }
}
