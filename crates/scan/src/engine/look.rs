//! One file, looked at by every detector, or known from before.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Engine;
use crate::cache::Key;
use crate::detector::{Detector, Facts};
use crate::file::{SourceFile, text_of};
use crate::ignore::{Inline, inline};
use crate::source::Entry;
use crate::{Gap, Language};

/// To be raised when what is kept of a file changes its form or its meaning.
const VERSION: u32 = 1;

/// One file, looked at.
#[derive(Debug)]
pub(crate) struct Looked {
    pub path: String,
    pub language: Language,
    pub is_test: bool,
    pub size: u64,
    /// By detector, in their order; none where one did not want it.
    pub facts: Vec<Option<Facts>>,
    pub gaps: Vec<Gap>,
    pub comments: Vec<Inline>,
}

/// What is kept of parsing a file.
#[derive(Default, Deserialize, PartialEq, Serialize)]
struct Parsed {
    gap: Option<Gap>,
}

impl Engine<'_> {
    /// Looks at one file, as detectors do by themselves.
    pub(crate) fn look_at(&self, entry: &Entry) -> Result<Looked, Gap> {
        let bytes = entry.read()?;
        let text =
            text_of(&bytes).map_err(|kind| Gap::in_file(&entry.path, kind, "it is no text"))?;
        let file = SourceFile::new(&entry.path, &text, &bytes);
        let content = self.cache.map(|_| Sha256::digest(&bytes));
        let content = content.as_ref().map(|digest| &digest[..]);
        let facts = self
            .detectors
            .iter()
            .map(|each| {
                let each = &**each;
                let wanted = each.wants(file.path, file.language);
                wanted.then(|| self.facts(each, &file, content))
            })
            .collect();
        let (comments, gaps) = inline(file.path, file.text);
        Ok(Looked {
            path: entry.path.clone(),
            language: file.language,
            is_test: file.is_test,
            size: bytes.len() as u64,
            facts,
            gaps: self
                .parse_gap(&file, content)
                .into_iter()
                .chain(gaps)
                .collect(),
            comments,
        })
    }

    fn facts(
        &self,
        detector: &dyn Detector,
        file: &SourceFile<'_>,
        content: Option<&[u8]>,
    ) -> Facts {
        let (Some(cache), Some(content)) = (self.cache, content) else {
            return found_out(detector, file);
        };
        let path = if detector.reads_path() { file.path } else { "" };
        let key = Key::of(&[
            b"facts",
            content,
            detector.name().as_bytes(),
            &detector.version().to_le_bytes(),
            detector.rules().as_bytes(),
            self.settings.build.as_bytes(),
            &VERSION.to_le_bytes(),
            format!("{:?} {}", file.language, file.is_test).as_bytes(),
            path.as_bytes(),
        ]);
        if let Some(known) = cache.get::<Facts>(key) {
            return moved(known, file.path);
        }
        let facts = found_out(detector, file);
        cache.put(key, &facts);
        facts
    }

    /// What parsing left out. Where every detector's facts are known from
    /// before, nothing was parsed now.
    fn parse_gap(&self, file: &SourceFile<'_>, content: Option<&[u8]>) -> Option<Gap> {
        let now = file.parse_gap();
        let (Some(cache), Some(content)) = (self.cache, content) else {
            return now;
        };
        let language = format!("{:?}", file.language);
        let build = self.settings.build.as_bytes();
        let key = Key::of(&[
            b"parsed",
            content,
            language.as_bytes(),
            build,
            &VERSION.to_le_bytes(),
        ]);
        let before: Parsed = cache.get(key).unwrap_or_default();
        if now.is_some() && before.gap.is_none() {
            cache.put(key, &Parsed { gap: now.clone() });
        }
        let gap = now.or(before.gap)?;
        Some(Gap {
            path: Some(file.path.to_owned()),
            ..gap
        })
    }
}

fn found_out(detector: &dyn Detector, file: &SourceFile<'_>) -> Facts {
    let mut facts = detector.file(file);
    for finding in &mut facts.findings {
        finding.show(file);
    }
    facts
}

/// Facts of another file with the same content, as this one's.
fn moved(mut facts: Facts, path: &str) -> Facts {
    for finding in &mut facts.findings {
        if finding.path == path {
            continue;
        }
        for step in finding
            .steps
            .iter_mut()
            .filter(|step| step.path == finding.path)
        {
            path.clone_into(&mut step.path);
        }
        path.clone_into(&mut finding.path);
    }
    for gap in &mut facts.gaps {
        gap.path = gap.path.take().map(|_| path.to_owned());
    }
    facts
}
