//! Masks over what is unreadable. What a deeper rule grants below it is hung
//! into the mask again, in a directory of nothing but the way there.

use std::collections::{BTreeMap, HashMap};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use dam_policy::{Access, FileRules};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::MountAttrFlags;

use super::{
    Panel, Result, clone_tree, hang, hang_at, make_mount_point, new_filesystem, on, open_path,
};
use crate::sys::{Attributes, set_attributes};

/// Lays them, when everything else hangs.
pub(super) fn lay(files: &FileRules) -> Result<()> {
    let masks = masks(files);
    // What is granted is taken as it hangs now, before anything hides it.
    let panels = masks
        .iter()
        .map(|mask| mask.granted.iter().map(|path| take(path)).collect())
        .collect::<Result<Vec<Vec<Panel>>>>()?;
    let mut shroud = None;
    for (mask, panels) in masks.iter().zip(panels) {
        // By the path: a mask in what another has granted belongs on the copy.
        let target = match open_path(&mask.path) {
            // It has gone meanwhile.
            Err(Errno::NOENT | Errno::NOTDIR) => continue,
            found => on(mask.path.display(), found)?,
        };
        if !panels.is_empty() {
            lay_ways(&mask.path, &target, &panels)?;
            continue;
        }
        let shroud = match &mut shroud {
            Some(shroud) => shroud,
            none => none.insert(Shroud::new()?),
        };
        shroud.lay_over(&mask.path, &target)?;
    }
    Ok(())
}

/// Where a mask goes, and what is granted below it with nothing but what is
/// denied in between.
struct Mask {
    path: PathBuf,
    granted: Vec<PathBuf>,
}

/// The masks, in the order in which they are laid: a deeper one may lie in what
/// another has granted.
fn masks(files: &FileRules) -> Vec<Mask> {
    let rules = rules(files);
    // Whatever is granted lies below the root, which no mask could cover.
    let around = |path: &Path| {
        let mut above = path.ancestors().skip(1);
        above
            .find_map(|path| rules.get_key_value(path))
            .filter(|(path, access)| **access == Access::Deny && path.parent().is_some())
            .map(|(path, _)| path)
    };
    let mut masks: BTreeMap<&PathBuf, Vec<PathBuf>> = rules
        .iter()
        .filter(|(path, access)| **access == Access::Deny && around(path).is_none())
        .map(|(path, _)| (path, Vec::new()))
        .collect();
    for (path, _) in rules.iter().filter(|(_, access)| **access != Access::Deny) {
        let holder = std::iter::successors(around(path), |path| around(path)).last();
        if let Some(granted) = holder.and_then(|holder| masks.get_mut(holder)) {
            granted.push(path.clone());
        }
    }
    let masks = masks.into_iter().map(|(path, granted)| Mask {
        path: path.clone(),
        granted,
    });
    let mut masks: Vec<Mask> = masks.collect();
    masks.sort_by_cached_key(|mask| mask.path.components().count());
    masks
}

/// The rules on what exists. What is denied is followed to where it leads: a
/// store may be a link into another place.
fn rules(files: &FileRules) -> BTreeMap<PathBuf, Access> {
    let mut rules = BTreeMap::new();
    let mut around = Around::default();
    for rule in files.iter() {
        let path = match rule.access {
            // Most of what is denied is not there: one look is enough.
            Access::Deny => Some(&rule.path)
                .filter(|path| around.may_hold(path))
                .and_then(|path| path.canonicalize().ok()),
            Access::Read | Access::Write => {
                Some(rule.path.clone()).filter(|path| open_path(path).is_ok())
            }
        };
        if let Some(path) = path {
            let access = rules.entry(path).or_insert(rule.access);
            *access = rule.access.max(*access);
        }
    }
    rules
}

/// The directories around what is denied, each opened once: many stores lie in
/// the same, and to go there anew for each would take longer than to look.
#[derive(Default)]
struct Around(HashMap<PathBuf, std::result::Result<OwnedFd, Errno>>);

const MOST_AROUND: usize = 64;

impl Around {
    /// Whether there is something at a path, through links or not. Only what is
    /// certainly not there is not.
    fn may_hold(&mut self, path: &Path) -> bool {
        let (Some(parent), Some(leaf)) = (path.parent(), path.file_name()) else {
            return true;
        };
        // A process may have a thousand descriptors, and needs some.
        if self.0.len() >= MOST_AROUND {
            self.0.clear();
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let known = self.0.entry(parent.to_owned());
        let parent = known.or_insert_with(|| rustix::fs::openat(CWD, parent, flags, Mode::empty()));
        let looked = match parent {
            Ok(parent) => {
                rustix::fs::accessat(&*parent, leaf, rustix::fs::Access::EXISTS, AtFlags::empty())
            }
            Err(errno) => Err(*errno),
        };
        !matches!(looked, Err(Errno::NOENT | Errno::NOTDIR))
    }
}

/// What hangs at a path with all that hangs in it, as it is.
fn take(path: &Path) -> Result<Panel> {
    Ok(Panel {
        tree: on(path.display(), clone_tree(CWD, path))?,
        path: path.to_owned(),
    })
}

/// What may be done with a directory on the way: it can be gone through, and
/// not be listed.
const WAY: Mode = Mode::from_raw_mode(0o111);

/// Lays a directory over another that has only the ways to these panels, and
/// hangs the panels there.
fn lay_ways(path: &Path, target: &OwnedFd, panels: &[Panel]) -> Result<()> {
    let options = [("size", "4k"), ("mode", "0111")];
    let ways = new_filesystem("tmpfs", &options, MountAttrFlags::empty())?;
    for panel in panels {
        let below = panel.path.strip_prefix(path).unwrap_or(Path::new(""));
        let stat = on(panel.path.display(), rustix::fs::fstat(&panel.tree))?;
        let is_directory = FileType::from_raw_mode(stat.st_mode).is_dir();
        let made = make_mount_point(&ways, below, is_directory, WAY);
        on(panel.path.display(), made)?;
    }
    // Before the panels hang in it, which may be writable.
    on(path.display(), set_attributes(ways.as_fd(), NOTHING))?;
    hang_at(path.display(), &ways, target.as_fd(), Path::new(""))?;
    panels.iter().try_for_each(hang)
}

/// How masks are mounted.
const NOTHING: Attributes = Attributes {
    read_only: true,
    no_devices: true,
    no_exec: true,
    private: true,
};

/// An unreadable empty directory and file to lay over others.
///
/// It hangs at `/proc`, where the box's own comes to lie over it: before Linux
/// 6.15 only what hangs somewhere can be cloned.
pub(super) struct Shroud(OwnedFd);

impl Shroud {
    pub(super) fn new() -> Result<Self> {
        let mount = new_filesystem(
            "tmpfs",
            &[("size", "4k"), ("nr_inodes", "4"), ("mode", "0000")],
            MountAttrFlags::empty(),
        )?;
        on("a mask", rustix::fs::mkdirat(&mount, "d", Mode::empty()))?;
        on(
            "a mask",
            rustix::fs::openat(
                &mount,
                "f",
                OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC,
                Mode::empty(),
            )
            .map(drop),
        )?;
        on("a mask", set_attributes(mount.as_fd(), NOTHING))?;
        hang_at("a mask", &mount, CWD, Path::new("/proc"))?;
        Ok(Self(mount))
    }

    pub(super) fn cover(&self, path: &Path) -> Result<()> {
        let target = on(path.display(), open_path(path))?;
        self.lay_over(path, &target)
    }

    fn lay_over(&self, path: &Path, target: &OwnedFd) -> Result<()> {
        let stat = on(path.display(), rustix::fs::fstat(target))?;
        let is_directory = FileType::from_raw_mode(stat.st_mode).is_dir();
        let source = Path::new(if is_directory { "d" } else { "f" });
        let copy = on(path.display(), clone_tree(self.0.as_fd(), source))?;
        hang_at(path.display(), &copy, target.as_fd(), Path::new(""))
    }
}
