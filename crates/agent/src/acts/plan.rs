//! The model's plan: shown, never acted on.

use crate::events::{Item, Todo, What};
use crate::front::{Front, shown};
use crate::session::Session;
use crate::tools::{StepStatus, UpdatePlan};

impl Session {
    /// Shows the plan. One item stands for it all through a turn.
    pub(super) fn update_plan(&mut self, call: &UpdatePlan, front: &mut Front<'_>) -> String {
        let items = call.plan.iter().map(|step| Todo {
            text: shown(&step.step),
            completed: step.status == StepStatus::Completed,
        });
        let what = What::TodoList {
            items: items.collect(),
            explanation: call.explanation.as_deref().map(shown),
        };
        if let Some(Item { id, .. }) = self.plan.take() {
            let item = Item { id, what };
            self.plan = Some(item.clone());
            front.updated(item);
        } else {
            let item = self.item(what);
            self.plan = Some(item.clone());
            front.started(item);
        }
        "The plan is shown to the user.".to_owned()
    }

    /// The plan as it is at the end of the turn.
    pub(crate) fn end_plan(&mut self, front: &mut Front<'_>) {
        if let Some(item) = self.plan.take() {
            front.completed(item);
        }
    }
}
