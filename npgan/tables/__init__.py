"""Tables: their columns are recognised, rows become what networks see, and rows that are generated a table again."""

from npgan.tables.encode import *
from npgan.tables.infer import *
from npgan.tables.read import *
from npgan.tables.schema import *
from npgan.tables.where import *
from npgan.tables.write import *
