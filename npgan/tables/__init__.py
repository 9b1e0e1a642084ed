"""Tables: columns are recognised, rows become what networks see, and generated rows become a table again."""

from npgan.tables.encode import *
from npgan.tables.infer import *
from npgan.tables.read import *
from npgan.tables.schema import *
from npgan.tables.where import *
from npgan.tables.write import *
