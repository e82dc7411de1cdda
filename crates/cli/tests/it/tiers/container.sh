#!/bin/sh
# Something like a container, for tests, in mount and process namespaces of its
# own: a small root directory, the host's programs read-only, a /proc whose
# settings cannot be written, a /dev with the usual few, and the capabilities
# and system calls that Docker leaves by default.
#
#   container.sh ROOT UID PROGRAM CONFINE SCRIPT
set -e
root=$1 uid=$2 program=$3 confine=$4 script=$5

mkdir -p "$root"
mount --make-rprivate /
mount -t tmpfs -o mode=755 container "$root"
cp "$program" "$root/dam"
cp "$confine" "$root/confine"
cd "$root"
mkdir usr etc proc dev tmp home
chmod 1777 tmp
if [ "$uid" != 0 ]; then chown "$uid" home; fi
printf 'root:x:0:0::/home:/bin/sh\n' >etc/passwd
touch .dockerenv

mount --bind /usr usr
mount -o remount,bind,ro usr
for name in bin sbin lib lib32 lib64; do
	if [ -L "/$name" ]; then
		ln -s "$(readlink "/$name")" "$name"
	elif [ -d "/$name" ]; then
		mkdir "$name"
		mount --bind "/$name" "$name"
		mount -o remount,bind,ro "$name"
	fi
done
if [ -d /etc/alternatives ]; then cp -R -P /etc/alternatives etc; fi

mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
for name in null zero full random urandom tty; do
	touch "dev/$name"
	mount --bind "/dev/$name" "dev/$name"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
mount -t tmpfs shm dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd

kept=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap
kept=$kept,+net_bind_service,+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap
if [ "$uid" != 0 ]; then become="--reuid $uid --regid $uid --clear-groups"; fi
# shellcheck disable=SC2086 # these are words
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/home chroot "$root" \
	setpriv $become --bounding-set=$kept --inh-caps=-all \
	/confine namespaces -- sh -c "cd; $script"
