"""The paper's tables 2 to 8 and figure 6, from data sets to figures beside the paper's: ``changen reproduce``."""
