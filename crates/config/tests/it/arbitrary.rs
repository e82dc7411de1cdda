//! Whatever a file holds, it is read or refused, and nothing is passed over.

use proptest::prelude::*;

use crate::world::World;

/// Words that make up settings, good and bad.
fn fragment() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "sandbox_mode",
            "approval_policy",
            "model",
            "profiles",
            "x",
            "projects",
            "model_providers",
            "\"/p\"",
            "trust_level",
            "granular",
            "rules",
            "base_url",
            "set",
            "[",
            "]",
            "[[",
            "]]",
            ".",
            "=",
            "\n",
            "{",
            "}",
            ",",
            "\"",
            "'",
            "#",
            "true",
            "1",
            "-",
            "\"read-only\"",
            "\"trusted\"",
            "\"https://x\"",
            "é",
            "\u{202e}",
            "\r\n",
            "\t",
            "\0",
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,6}",
        "\\PC{0,3}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_a_file_holds_it_is_read_or_refused(
        fragments in prop::collection::vec(fragment(), 0..40),
        bytes in prop::collection::vec(any::<u8>(), 0..40),
        binary in any::<bool>(),
    ) {
        let world = World::new();
        let path = world.user("");
        let text = fragments.concat();
        std::fs::write(path, if binary { &bytes } else { text.as_bytes() }).expect("a file");
        // A place that is named is a place in the file.
        if let Err(error) = world.load() {
            prop_assert!(!error.to_string().contains('\u{202e}'), "{error}");
        }
    }

    #[test]
    fn a_key_that_is_not_known_is_never_passed_over(
        name in "[a-z_]{1,24}",
        place in prop::sample::select(vec![
            "", "sandbox_workspace_write.", "shell_environment_policy.", "profiles.x.",
            "model_providers.openai.", "projects.\"/p\".", "approval_policy.granular.",
        ]),
    ) {
        let known = [
            "sandbox_mode", "approval_policy", "model", "model_provider", "profile", "set", "name",
            "exclude", "inherit", "env_key", "base_url", "rules", "projects", "profiles",
        ];
        prop_assume!(!known.contains(&name.as_str()));
        let refusal = World::refusal_of(&format!("{place}{name} = 1\n"));
        prop_assert!(refusal.contains("is not a key"), "{refusal}");
    }
}
