#!/bin/sh
# shellcheck shell=dash disable=SC2015
# @NAME@: a self-extracting executable. Behind this text stand two gzip members: a tar of the
# bundled JavaScript with its assets, and the Deno executable that runs it. They are unpacked once
# into a cache folder named after their hash; every later start goes straight to the last line.
#
# Cache folder: $VIPER_CACHE_DIR, else $XDG_CACHE_HOME/viper, else $HOME/.cache/viper. Removing it
# is always allowed while nothing runs from it; the next start unpacks again.
# Exit code 126: it could not be unpacked or started; any other is the program's own.

id=@ID@
payload_sha256=@SHA256@
header_bytes=@HEADER_BYTES@
app_bytes=@APP_BYTES@
runtime_id=@RUNTIME_ID@
unpack_wait_s=120
versions_kept=3

refuse() {
  printf '%s: %s\n' '@NAME@' "$1" >&2
  [ -z "${2-}" ] || printf '  %s\n' "$2" >&2
  exit 126
}

find_cache() {
  if [ -n "${VIPER_CACHE_DIR-}" ]; then cache=$VIPER_CACHE_DIR
  elif [ -n "${XDG_CACHE_HOME-}" ]; then cache=$XDG_CACHE_HOME/viper
  elif [ -n "${HOME-}" ]; then cache=$HOME/.cache/viper
  else
    refuse 'Cannot choose a cache folder: HOME is not set' \
      'Set VIPER_CACHE_DIR to a folder that you can write to'
  fi
  case $cache in
    /*) ;;
    *) cache=$PWD/$cache ;;
  esac
}

# Only what this user made is run: another owner could have put anything there.
check_owner() {
  [ ! -e "$1" ] || [ -O "$1" ] || refuse "Cannot use the cache folder \"$1\": another user owns it" \
    'Set VIPER_CACHE_DIR to a folder of your own'
}

payload() { tail -c "+$((header_bytes + 1))" -- "$VIPER_SELF"; }

payload_is_whole() {
  sum=$(payload | sha256sum) && [ "${sum%% *}" = "$payload_sha256" ]
}

# A hard link to another version's runtime, where that is the same, saves time and space.
place_runtime() {
  for known in "$cache"/*/.runtime-"$runtime_id"; do
    if [ -O "$known" ] && ln "$known" "$new/deno" 2>/dev/null; then
      ln "$new/deno" "$new/.runtime-$runtime_id"
      return
    fi
  done
  tail -c "+$((header_bytes + app_bytes + 1))" -- "$VIPER_SELF" | gzip -dc >"$new/deno" &&
    chmod 0700 "$new/deno" && ln "$new/deno" "$new/.runtime-$runtime_id"
}

# Without the archive's times: an old one would make the folder look like what a killed start left.
place_app() {
  payload | head -c "$app_bytes" | gzip -dc >"$new/app.tar" &&
    tar -x -m -f "$new/app.tar" -C "$new" --no-same-owner && rm "$new/app.tar"
}

# Forgets all but the newest versions and what a killed start left, but nothing that runs.
forget_old_versions() {
  running=$(ls -l /proc/[0-9]*/exe 2>/dev/null)
  kept=0
  for old in $(cd "$cache" && ls -1 -t); do
    case $old in
      *[!0-9a-f]*) continue ;;
      ????????????????) ;;
      *) continue ;;
    esac
    kept=$((kept + 1))
    [ "$kept" -gt "$versions_kept" ] || continue
    case $running in
      *"$cache/$old/"*) ;;
      *) rm -rf -- "${cache:?}/$old" ;;
    esac
  done
  # A folder that another start takes away meanwhile is no failure of this one.
  find "$cache" -maxdepth 1 -name '.new-*' -mmin +60 -exec rm -rf {} + 2>/dev/null || :
}

unpack() {
  umask 077
  mkdir -p -- "$cache" 2>/dev/null
  check_owner "$cache"
  [ -d "$cache" ] && [ -w "$cache" ] || refuse "Cannot write to the cache folder \"$cache\"" \
    'Set VIPER_CACHE_DIR to a folder that you can write to'
  # Of many that start at once one unpacks and the others wait. Without flock all unpack, and the
  # first to rename wins.
  if command -v flock >/dev/null; then
    exec 9>"$cache/.lock"
    flock -w "$unpack_wait_s" 9 || refuse \
      "Cannot unpack: another start has held \"$cache/.lock\" for $unpack_wait_s s"
    [ ! -d "$dir" ] || return 0
  fi
  payload_is_whole || refuse "Cannot unpack \"$VIPER_SELF\": the file is damaged or incomplete" \
    'Download or build it again'
  new=$(mktemp -d "$cache/.new-XXXXXX") || refuse "Cannot write to the cache folder \"$cache\""
  trap 'rm -rf -- "$new"' EXIT
  trap 'exit 126' HUP INT TERM
  place_app && place_runtime || refuse "Cannot unpack into \"$cache\"" 'Is the disk full?'
  mv -T -- "$new" "$dir" 2>/dev/null || [ -d "$dir" ] || refuse "Cannot create \"$dir\""
  rm -rf -- "$new"
  trap - EXIT HUP INT TERM
  forget_old_versions
}

main() {
  case $0 in
    /*) VIPER_SELF=$0 ;;
    *) VIPER_SELF=$PWD/$0 ;;
  esac
  find_cache
  dir=$cache/$id
  if [ ! -d "$dir" ]; then
    (unpack) || exit
  fi
  check_owner "$cache"
  check_owner "$dir"
  # The cache of compiled code is part of the unpacked folder; nothing outside steers this Deno.
  export VIPER_SELF DENO_DIR="$dir/deno_dir" DENO_NO_UPDATE_CHECK=1 DENO_NO_PACKAGE_JSON=1
  exec "$dir/deno" run @FLAGS@ "$dir/@ENTRY@" "$@"
}

main "$@"
exit
