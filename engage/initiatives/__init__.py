"""«من شهردارم»: the participatory budget."""
