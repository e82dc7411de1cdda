//! `dam scan --model`: a model's opinion beside what is found. What it would
//! cost is said before it is asked.

use clap::Args;
use dam_config::{ScanSettings, Settings as Configuration};
use dam_journal::{Event, Journal};
use dam_scan::judge::{self, ModelPart, Plan, Stopped, Tokens};
use dam_scan::{Cache, Engine, Revision, Scan as Found};

use super::options::Scan;
use super::place::Place;
use crate::adviser::{self, Configured};
use crate::arguments::Grants;
use crate::error::CommandError;
use crate::exit;
use crate::output::{FAINT, Output};
use crate::provider;
use crate::settings;
use crate::variables::Variables;

/// How the command line names a model.
const FLAG: &str = "--model=NAME";
/// How many tokens a scan may cost where nobody says anything.
const MOST: u64 = 200_000;

/// The options of a model.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "A model")]
pub struct Judging {
    /// Ask a model, too: the configured one, or this one
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub model: Option<String>,
    /// Only show what it would be asked and what that is likely to cost
    #[arg(long, requires = "model", conflicts_with_all = ["format", "output", "prove", "history", "baseline", "write_baseline"])]
    pub model_plan: bool,
    /// The most tokens that it may cost, in and out
    #[arg(long, value_name = "TOKENS", requires = "model", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_model_tokens: Option<u64>,
    /// Override one setting, as in `-c model='"NAME"'`
    #[arg(short, long = "config", value_name = "KEY=VALUE")]
    pub config: Vec<String>,
}

/// What is needed to ask.
pub struct Asking<'a> {
    pub configuration: &'a Configuration,
    pub variables: &'a Variables,
    pub journal: &'a mut Journal,
    pub output: &'a mut Output,
}

impl Judging {
    /// The settings, with what the command line says of them.
    pub fn grants(&self) -> Grants {
        Grants {
            config: self.config.clone(),
            ..Grants::default()
        }
    }

    /// The name on the command line, if there is one.
    pub fn named(&self) -> Option<String> {
        self.model.clone().filter(|name| !name.is_empty())
    }

    /// The model that is asked, where one is. What is missing is said before
    /// anything is scanned.
    pub fn checked(
        &self,
        configuration: &Configuration,
        variables: &Variables,
    ) -> Result<Option<String>, CommandError> {
        if self.model.is_none() {
            return Ok(None);
        }
        settings::check_models(configuration)?;
        let name = adviser::name(configuration, FLAG)?;
        provider::provider(&configuration.provider.value, variables)?;
        Ok(Some(name))
    }

    /// How many tokens it may cost.
    fn most(&self, settings: &ScanSettings) -> u64 {
        let said = self.max_model_tokens.or(settings.max_model_tokens);
        said.unwrap_or(MOST)
    }

    /// Asks about what was found, within the cap.
    pub fn add(
        &self,
        found: &mut Found,
        (revision, base): (&Revision, Option<&Revision>),
        place: &Place,
        asking: &mut Asking<'_>,
    ) -> Result<(), CommandError> {
        if self.model.is_none() {
            return Ok(());
        }
        let configuration = asking.configuration;
        let plan = Plan::of(found, revision, base);
        let cache = cache(place);
        let model = adviser::name(configuration, FLAG)?;
        let most = self.most(&configuration.scan);
        let price = judge::estimate(&plan, &model, &cache);
        let told = told(&plan, &model, price, most, &configuration.scan);
        asking.output.note(&told);
        asking.journal.append(&Event::Notice { text: told })?;
        if price.total() > most {
            return Err(too_much(price, most));
        }
        let mut adviser = Configured::new(configuration, FLAG, asking.variables, asking.journal)?;
        let part = judge::ask(&plan, found, &mut adviser, &cache, most);
        if let Some(why) = unanswered(&part) {
            asking.output.note(&why);
        }
        Ok(())
    }

    /// Prints what would be asked.
    pub fn show_plan(
        &self,
        scan: &Scan,
        place: &Place,
        engine: &Engine<'_>,
        configuration: &Configuration,
        output: &mut Output,
    ) -> Result<u8, CommandError> {
        let (mut revision, mut base) = place.revisions(&scan.what)?;
        let known = place.known(
            &revision,
            base.as_ref(),
            scan.fails.accept_ignores,
            scan.baseline.as_deref(),
        )?;
        for each in std::iter::once(&mut revision).chain(&mut base) {
            each.leave_out(&known.settings.leave_out);
        }
        let found = engine.scan(&revision, base.as_ref());
        let plan = Plan::of(&found, &revision, base.as_ref());
        for planned in plan.questions() {
            let Tokens { input, output: out } = planned.tokens;
            let (kind, about) = (planned.kind.name(), planned.about);
            let cost = format!("{FAINT}about {input} tokens in, {out} out{FAINT:#}");
            output.data(&format!("{kind:<9}  {about}  {cost}"))?;
        }
        let model = adviser::name(configuration, FLAG)?;
        let price = judge::estimate(&plan, &model, &cache(place));
        let most = self.most(&configuration.scan);
        output.data(&told(&plan, &model, price, most, &configuration.scan))?;
        Ok(exit::OK.code)
    }
}

/// Whether the user stopped it.
pub fn was_interrupted(part: Option<&ModelPart>) -> bool {
    part.is_some_and(|part| part.stopped == Some(Stopped::Interrupted))
}

/// Answers that are known from before.
fn cache(place: &Place) -> Cache {
    Cache::open(&place.memory().join("model"))
}

/// What it is likely to cost, in one line.
fn told(plan: &Plan, model: &str, price: Tokens, most: u64, settings: &ScanSettings) -> String {
    let Tokens { input, output } = price;
    let money = settings.model_price.as_ref().map(|each| {
        let amount = |tokens: u64, cost: u64| u128::from(tokens) * u128::from(cost);
        let sum = amount(input, each.input) + amount(output, each.output);
        let cents = sum.div_ceil(1_000_000);
        format!(", {}.{:02} {}", cents / 100, cents % 100, each.currency)
    });
    let text = format!(
        "the model {model}: {} questions, likely to cost {input} tokens in and {output} out{} \
         (the cap is {most})",
        plan.questions().count(),
        money.unwrap_or_default(),
    );
    dam_journal::clean(&text)
}

fn too_much(price: Tokens, most: u64) -> CommandError {
    let likely = price.total();
    CommandError::user(format!(
        "the model was not asked: it is likely to cost {likely} tokens, and may cost {most}"
    ))
    .hint(format!(
        "`--max-model-tokens {likely}` lets it; `--diff BASE..HEAD` asks about a change alone; \
         `--model-plan` shows the questions"
    ))
}

fn unanswered(part: &ModelPart) -> Option<String> {
    let missing = part.questions - part.answered - part.known;
    (missing > 0).then(|| {
        format!(
            "{missing} of {} questions were not answered: the report says why; what was answered \
             is kept",
            part.questions
        )
    })
}
