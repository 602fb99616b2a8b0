import { NO_STATE } from './no-state.ts'

/** The script for `locket hook fish | source`. */
export const FISH_HOOK = `# The hook of locket for fish. In ~/.config/fish/config.fish: locket hook fish | source
functions -q __locket_leave; and __locket_leave
set -g __locket_seen ''
set -g __locket_folder ''
set -g __locket_names

function __locket_set -a name value
    # Traces would show the values.
    set -lx fish_trace
    if set -qg $name
        set -g __locket_before_$name $$name
        set -qgx $name; and set -g __locket_exported_$name 1
    end
    set -a __locket_names $name
    set -gx $name $value
    set -gx LOCKET_HOOK "$__locket_names"
end

function __locket_leave
    set -lx fish_trace
    for name in $__locket_names
        set -eg $name
        set -l before __locket_before_$name
        if set -qg __locket_exported_$name
            set -gx $name $$before
        else if set -qg $before
            set -g $name $$before
        end
        set -eg $before __locket_exported_$name
    end
    set -g __locket_names
    set -eg LOCKET_HOOK
    return 0
end

# A shell inside of a hooked one begins without the variables of the folder, and asks for them again.
for name in (string split -n ' ' -- "$LOCKET_HOOK")
    string match -qr '^[A-Z][A-Za-z0-9_]*$' -- $name; and set -eg $name
end
set -eg LOCKET_HOOK

function __locket_hook
    set -lx fish_trace
    if test "$PWD" = "$__locket_folder" -a -z "$__locket_seen"
        if not test -e locket.toml -o -e .locket.toml -o -e .keyzero.toml
            return 0
        end
    end
    set -g __locket_folder $PWD
    set -l seen $__locket_seen
    # The program gets the environment from outside of the folder.
    for name in $__locket_names
        set -l before __locket_before_$name
        if set -qg __locket_exported_$name
            set -fx $name $$before
        else
            set -fu $name
        end
    end
    command locket hook fish --variables --seen "$__locket_seen" | source
    if test $pipestatus[1] -ne 0 -a -n "$seen" -a "$seen" = "$__locket_seen"
        __locket_leave
        set -g __locket_seen ${NO_STATE}
    end
end

if status is-interactive
    function __locket_prompt --on-event fish_prompt
        __locket_hook
    end
    function __locket_cd --on-variable PWD
        __locket_hook
    end
end
`
