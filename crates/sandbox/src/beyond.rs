//! What a profile may ask for and this boundary does not have: it is refused,
//! because a rule that nothing holds is worse than none.

use dam_policy::ResolvedProfile;

use crate::SandboxError;

/// An error, if the profile asks for more than this boundary gives.
pub(crate) fn check(profile: &ResolvedProfile) -> Result<(), SandboxError> {
    let refused = |what: String| {
        Err(SandboxError::Beyond {
            profile: profile.name.clone(),
            what,
        })
    };
    if profile.files.looks_at_reading() {
        let what = "that reading is looked at file by file, for a denied pattern or because not \
                    all of `:root` may be read";
        return refused(what.to_owned());
    }
    Ok(())
}
