from typing import Literal

#: `kept`: there is a place, in a signed PDF. `unknown`: this PDF could not be searched.
Place = Literal["none", "removed", "kept", "unknown"]
