# %%
# my new notebook
