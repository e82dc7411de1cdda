//! What matters of JavaScript's libraries and web frameworks.

use super::{Profile, Routes};

/// JavaScript and TypeScript.
pub static JAVASCRIPT: Profile = Profile {
    constructor: "constructor",
    break_leaves_match: true,
    empty_is_false: false,
    slash_joins_paths: false,
    elements_are_attributes: true,
    request_roots: &[],
    request_parts: &[],
    sources: &[],
    inherited: &[],
    no_return: &[],
    effects: &[],
    effect_words: &[],
    models: &[],
    builtins: &[],
    charset_tests: &[],
    prefix_tests: &[],
    number_types: &[],
    guard_words: &[],
    raising_words: &[],
    host_parts: &[],
    registrars: &[],
    harmless: &[],
    lambdas_are_entries: true,
    routes: &ROUTES,
    types: None,
    sinks: &[],
};

static ROUTES: Routes = Routes {
    verbs: &[],
    marks: &[],
    json_frameworks: &[],
    handler_classes: &[],
    handler_methods: &[],
    returns_are_pages: false,
    params_are_data: false,
    request_frameworks: &[],
    types: &[],
    names: &[],
    param_marks: &[],
    handed_in: &[],
};
