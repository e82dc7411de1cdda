# A browser, without its own sandbox: namespaces in namespaces are refused.
# needs: chromium-headless-shell
export HOME=$PWD/home && mkdir home
echo '<body><script>document.body.append(6 * 7); document.title = navigator.onLine ? "" : "off"</script>' >page.html
browse() { timeout 60 chromium-headless-shell "$@" --disable-gpu --user-data-dir="$PWD/profile" --dump-dom "file://$PWD/page.html" 2>log; }
browse --no-sandbox | grep -o '</script>42' || { tail -20 log >&2; exit 1; }
timeout 60 chromium-headless-shell --no-sandbox --disable-gpu --user-data-dir="$PWD/profile" --screenshot=shot.png "file://$PWD/page.html" 2>/dev/null
head -c 4 shot.png | tail -c 3; echo
