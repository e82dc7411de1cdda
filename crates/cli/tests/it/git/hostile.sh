# Everything that is known to make git run something, one after the other; what
# is refused is passed over.
set +e
evil="#!/bin/sh
touch $CANARY"
t() { "$@" 2>/dev/null; }
put() { { mkdir -p "$(dirname "$1")" && printf '%s\n' "$2" > "$1" && chmod +x "$1"; } 2>/dev/null; }
settings="[core]
	repositoryformatversion = 0
	fsmonitor = $PWD/evil.sh
	hooksPath = $PWD
	pager = $PWD/evil.sh
[alias]
	status = !$PWD/evil.sh
[filter \"x\"]
	clean = $PWD/evil.sh
	smudge = $PWD/evil.sh"
put evil.sh "$evil"
for hook in pre-commit post-checkout post-commit reference-transaction post-index-change; do
	put $hook "$evil"; put .git/hooks/$hook "$evil"; put .git/modules/sm/hooks/$hook "$evil"
	put .git/worktrees/host/hooks/$hook "$evil"
	t ln -s ../../evil.sh .git/hooks/$hook; t ln evil.sh .git/hooks/$hook; t mv evil.sh .git/hooks/$hook
done
for file in .git/config .git/config.worktree .git/modules/sm/config .git/modules/sm/config.worktree \
	.git/worktrees/host/config .git/worktrees/host/config.worktree .git/objects/config; do
	t sh -c 'printf "%s\n" "$1" >> "$2"' sh "$settings" "$file"
	put $file.lock "$settings"; t mv $file.lock $file
	put new "$settings"; t mv new $file; put new "$settings"; t ln -f new $file; t ln -sf $PWD/new $file
done
t git config core.fsmonitor $PWD/evil.sh
put .git/info/attributes "* filter=x"; put .gitattributes "* filter=x"
mkdir -p elsewhere/objects elsewhere/refs; put elsewhere/config "$settings"
for common in .git/commondir .git/worktrees/host/commondir .git/modules/sm/commondir; do put $common "$PWD/elsewhere"; done
put .git/objects/info/alternates $PWD/elsewhere/objects
t mkdir -p .git/worktrees/fake; put .git/worktrees/fake/HEAD "ref: refs/heads/main"
put .git/worktrees/fake/commondir "$PWD/elsewhere"; put .git/worktrees/fake/gitdir "$PWD/fake/.git"
put fake/.git "gitdir: $PWD/.git/worktrees/fake"; put src/.git "gitdir: $PWD/elsewhere"
t rm -f host/.git; put host/.git "gitdir: $PWD/elsewhere"; put sm/.git "gitdir: $PWD/elsewhere"
put elsewhere/HEAD "ref: refs/heads/main"; t ln -s refs/heads/main elsewhere/HEAD
mkdir bare; put bare/config "$settings"; put bare/HEAD "ref: refs/heads/main"; t mkdir bare/objects; t mkdir bare/refs
mkdir b; put b/config "$settings"; mkdir b/objects b/refs; put b/H "ref: refs/heads/main"; t mv b/H b/HEAD; t ln b/H b/HEAD
mkdir -p parts/a parts/b; put parts/a/HEAD "ref: refs/heads/main"; mkdir parts/a/objects parts/a/refs; t mv parts/a parts/c; put parts/c/config "$settings"
t mkdir .git/rebase-merge; for f in head-name:refs/heads/main onto:$(git rev-parse HEAD) orig-head:$(git rev-parse HEAD) interactive: msgnum:1 end:1 done: git-rebase-todo.lock:"exec touch $CANARY" strategy:x/../../evil.sh; do
	put .git/rebase-merge/${f%%:*} "${f#*:}"
done
mkdir git-merge-x
t mv .git/rebase-merge/git-rebase-todo.lock .git/rebase-merge/git-rebase-todo; put .git/rebase-merge/git-rebase-todo "exec touch $CANARY"
put .git/remotes/origin "URL: ext::sh -c $PWD/evil.sh"; put .git/branches/origin "$PWD"
t rm -f .git/index.lock; t cp $CRAFTED .git/index.lock; t mv .git/index.lock .git/index; t cp $CRAFTED .git/index; t ln -f $CRAFTED .git/index
t sh -c 'cp "$CRAFTED" .git/index.lock; exec 9<>.git/index.lock; mv .git/index.lock .git/index; cat "$CRAFTED" >&9'
t mv .git gone && mkdir .git && put .git/config "$settings" && cp -r gone/. .git/
t git init -q nested; put nested/.git/config "$settings"
exit 0
