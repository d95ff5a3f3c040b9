"""Code for one library's tables behind one protocol: pandas, polars."""
