# What a person does in a workspace afterwards, in every directory that may have
# become a repository.
for dir in . src fake host sm bare b elsewhere parts/c nested; do
	( cd $dir || exit; git status; git diff; git log -1; git commit -q --allow-empty -m x
	git worktree list; git submodule update; git rebase --continue; git fetch origin
	git checkout -- .; git commit -q --allow-empty -m y )
done < /dev/null
