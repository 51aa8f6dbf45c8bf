# Source this in bash or zsh: ROS 2 (from .venv's wheels, or installed), the Python of .venv, and this package's install/.
#     source scripts/env.sh && medllm demo
# After a build from the wheels, `source install/setup.bash` alone does the same; on a robot source ROS 2 as usual.

_medllm_file="${BASH_SOURCE[0]:-${(%):-%x}}"
_medllm_root="$(cd "$(dirname "$_medllm_file")/.." && pwd)"
_medllm_shell="$([ -n "${ZSH_VERSION:-}" ] && echo zsh || echo bash)"

case "$-" in *u*) _medllm_u=1; set +u ;; *) _medllm_u= ;; esac # setup files of ROS 2 read unset names

if [ -f "$_medllm_root/.venv/local_setup.$_medllm_shell" ]; then
    # The wheels: nothing of another ROS 2 may stay on the paths.
    unset PYTHONPATH LD_LIBRARY_PATH AMENT_PREFIX_PATH CMAKE_PREFIX_PATH COLCON_PREFIX_PATH ROS_DISTRO
    unset _ROS_WHEELS_BOOTSTRAP_COMPLETE # set by the wheels in every child; their Python must find its libraries anew
    . "$_medllm_root/.venv/local_setup.$_medllm_shell"
elif [ -z "${AMENT_PREFIX_PATH:-}" ]; then
    for _medllm_ros in /opt/ros/jazzy /opt/ros/*; do
        if [ -f "$_medllm_ros/setup.$_medllm_shell" ]; then
            . "$_medllm_ros/setup.$_medllm_shell"
            break
        fi
    done
fi

if [ -x "$_medllm_root/.venv/bin/python" ]; then
    VIRTUAL_ENV="$_medllm_root/.venv"
    PATH="$VIRTUAL_ENV/bin:$PATH"
    export VIRTUAL_ENV PATH
fi

if [ -f "$_medllm_root/install/setup.$_medllm_shell" ]; then
    . "$_medllm_root/install/setup.$_medllm_shell"
else
    echo "medllm_ros is not built yet: run \`make build\` in $_medllm_root first." >&2
fi

[ -z "$_medllm_u" ] || set -u
unset _medllm_file _medllm_root _medllm_shell _medllm_ros _medllm_u
