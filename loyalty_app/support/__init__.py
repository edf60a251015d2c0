"""Why a code was refused, or would be: every check, with what it looked at."""
