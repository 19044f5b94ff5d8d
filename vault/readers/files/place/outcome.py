from typing import Literal

#: `kept`: a signed PDF keeps its place. `unknown`: the PDF could not be searched.
Place = Literal["none", "removed", "kept", "unknown"]
