//! `[scan]`: what a scan may cost where a model is asked.

use crate::merged::Merged;
use crate::value::Value;

/// What settings say of scans.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ScanSettings {
    /// The most tokens that a model may cost in one scan, in and out.
    pub max_model_tokens: Option<u64>,
    /// What tokens cost, if the user says so.
    pub model_price: Option<ModelPrice>,
}

/// What a million tokens cost, in hundredths of the currency.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ModelPrice {
    /// Taken in.
    pub input: u64,
    /// Given out.
    pub output: u64,
    /// The currency, as people write it.
    pub currency: String,
}

impl ScanSettings {
    pub(crate) fn read(merged: &Merged) -> Self {
        let number = |leaf: Option<&Value>| match leaf {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        };
        let most = merged.get(["scan", "max_model_tokens"]);
        let price = |key| {
            merged
                .get(["scan", "model_price", key])
                .map(|leaf| &leaf.value)
        };
        let (input, output) = (number(price("input")), number(price("output")));
        let currency = match price("currency") {
            Some(Value::Text(text)) => text.clone(),
            _ => "USD".to_owned(),
        };
        let is_priced = input.is_some() || output.is_some();
        Self {
            max_model_tokens: number(most.map(|leaf| &leaf.value)),
            model_price: is_priced.then(|| ModelPrice {
                input: input.unwrap_or_default(),
                output: output.unwrap_or_default(),
                currency,
            }),
        }
    }
}
