//! Publishing, and what is deployed where others use it.

use super::acts::{Act, act};
use super::found::Danger;

const TRY: &str = "try it with `--dry-run`, and leave publishing to the user";
const DEPLOY: &str = "deploy to a preview or test environment, or leave it to the user";

pub(super) const ACTS: &[Act] = &[
    act(
        [
            "npm|pnpm|bun|lerna|vsce|ovsx|jsr|changeset",
            "publish|unpublish|deprecate",
            "",
            "--dry-run",
        ],
        Danger::Publishes,
        "publishes to a registry",
        TRY,
    ),
    act(
        ["yarn", "publish", "", "--dry-run"],
        Danger::Publishes,
        "publishes to a registry",
        TRY,
    ),
    act(
        ["yarn", "npm publish|tag", "", "--dry-run"],
        Danger::Publishes,
        "publishes to a registry",
        TRY,
    ),
    act(
        [
            "npm|pnpm",
            "dist-tag|owner|access|token|profile|hook|team|org|login|adduser",
            "",
            "",
        ],
        Danger::Publishes,
        "changes what the registry says, or who may",
        "",
    ),
    act(
        ["cargo", "publish", "", "--dry-run"],
        Danger::Publishes,
        "publishes a crate",
        "try it with `cargo publish --dry-run` or `cargo package`",
    ),
    act(
        ["cargo", "yank|owner", "", "--list"],
        Danger::Publishes,
        "changes a published crate",
        "",
    ),
    act(
        ["cargo", "release", "--execute -x", ""],
        Danger::Publishes,
        "publishes a release",
        TRY,
    ),
    act(
        [
            "twine|flit|hatch|maturin|pdm|poetry|uv",
            "upload|publish",
            "",
            "--dry-run",
        ],
        Danger::Publishes,
        "publishes to a registry",
        TRY,
    ),
    act(
        ["gem", "push|yank|owner", "", ""],
        Danger::Publishes,
        "changes a published gem",
        "",
    ),
    act(
        ["rake", "release", "", ""],
        Danger::Publishes,
        "publishes a release",
        TRY,
    ),
    act(
        ["mix", "hex.publish", "", "--dry-run"],
        Danger::Publishes,
        "publishes a package",
        TRY,
    ),
    act(
        ["dart|flutter", "pub publish", "", "--dry-run -n"],
        Danger::Publishes,
        "publishes a package",
        TRY,
    ),
    act(
        ["pod", "trunk push|delete|deprecate", "", ""],
        Danger::Publishes,
        "changes a published pod",
        "",
    ),
    act(
        ["dotnet", "nuget push|delete", "", ""],
        Danger::Publishes,
        "changes a published package",
        "",
    ),
    act(
        ["nuget", "push|delete", "", ""],
        Danger::Publishes,
        "changes a published package",
        "",
    ),
    act(
        [
            "mvn|mvnw|gradle|gradlew",
            "deploy|publish|release:perform|publishToMavenCentral",
            "",
            "--dry-run -m",
        ],
        Danger::Publishes,
        "publishes an artefact",
        "install locally: `mvn install`, `gradle publishToMavenLocal`",
    ),
    act(
        [
            "goreleaser",
            "release",
            "",
            "--snapshot --skip-publish --skip=publish",
        ],
        Danger::Publishes,
        "publishes a release",
        "try it with `--snapshot`",
    ),
    act(
        ["semantic-release|np|release-it", "", "", "--dry-run -d"],
        Danger::Publishes,
        "publishes a release",
        TRY,
    ),
    act(
        [
            "docker|podman|nerdctl|buildah|skopeo|crane",
            "push|copy",
            "",
            "",
        ],
        Danger::Publishes,
        "publishes an image",
        "build and tag it here, and leave pushing to the user",
    ),
    act(
        ["docker|podman|nerdctl", "image|manifest push", "", ""],
        Danger::Publishes,
        "publishes an image",
        "build and tag it here, and leave pushing to the user",
    ),
    act(
        ["docker", "buildx|build *", "--push", ""],
        Danger::Publishes,
        "publishes an image",
        "build it with `--load`",
    ),
    act(
        ["docker", "compose push", "", ""],
        Danger::Publishes,
        "publishes images",
        "",
    ),
    act(
        ["helm", "push", "", ""],
        Danger::Publishes,
        "publishes a chart",
        "",
    ),
    act(
        [
            "gh",
            "release create|delete|edit|upload|delete-asset",
            "",
            "",
        ],
        Danger::Publishes,
        "changes a release that others use",
        "prepare it with `--draft` text in a file, and leave it to the user",
    ),
    act(
        ["gh", "repo delete|archive|rename|edit|create", "", ""],
        Danger::Publishes,
        "changes a repository for everybody",
        "",
    ),
    act(
        [
            "gh",
            "secret|variable|ssh-key|gpg-key|auth|deploy-key set|delete|remove|add|login|logout|refresh|setup-git",
            "",
            "",
        ],
        Danger::WeakensSecurity,
        "changes who may do what",
        "",
    ),
    act(
        ["gh", "pr merge", "", ""],
        Danger::Publishes,
        "merges for everybody",
        "leave merging to the user",
    ),
    act(
        [
            "gh",
            "workflow|run run|disable|enable|delete|cancel|rerun",
            "",
            "",
        ],
        Danger::Publishes,
        "starts or stops what runs for everybody",
        "",
    ),
    act(
        ["gh", "gist create", "", ""],
        Danger::SendsOut,
        "publishes files",
        "",
    ),
    act(
        ["glab", "mr merge", "", ""],
        Danger::Publishes,
        "merges for everybody",
        "leave merging to the user",
    ),
    act(
        ["glab", "repo|release delete|archive|create", "", ""],
        Danger::Publishes,
        "changes a project for everybody",
        "",
    ),
    act(
        ["vercel|netlify", "*", "--prod --production", ""],
        Danger::Production,
        "deploys to production",
        DEPLOY,
    ),
    act(
        ["vercel|netlify|vc", "", "--prod --production", ""],
        Danger::Production,
        "deploys to production",
        DEPLOY,
    ),
    act(
        [
            "vercel|now|netlify",
            "remove|rm|rollback|promote|env",
            "",
            "",
        ],
        Danger::Production,
        "changes a deployment",
        DEPLOY,
    ),
    act(
        [
            "wrangler|fly|flyctl|firebase|railway|amplify|surge|eb|copilot|now|gcloud-app|render",
            "deploy|publish|up|rollback",
            "",
            "--dry-run",
        ],
        Danger::Production,
        "deploys for others",
        DEPLOY,
    ),
    act(
        [
            "fly|flyctl|railway|heroku",
            "apps:destroy|destroy|down|delete|scale|ps:kill|pg:reset|run|restart",
            "",
            "",
        ],
        Danger::Production,
        "changes what runs for others",
        DEPLOY,
    ),
    act(
        [
            "heroku",
            "config:set|config:unset|releases:rollback|container:release|maintenance:on|pg:psql|addons:destroy",
            "",
            "",
        ],
        Danger::Production,
        "changes what runs for others",
        DEPLOY,
    ),
    act(
        [
            "serverless|sls|sst|cdk|pulumi|sam|up|chalice|zappa|amplify",
            "deploy|up|remove|destroy|undeploy",
            "",
            "--dry-run",
        ],
        Danger::Production,
        "changes what runs for others",
        "look at the plan first: `cdk diff`, `pulumi preview`",
    ),
    act(
        [
            "cap|mina|kamal|dokku|caprover|ecs-cli",
            "production|deploy|rollback|remove|apps:destroy",
            "",
            "",
        ],
        Danger::Production,
        "deploys for others",
        DEPLOY,
    ),
];
