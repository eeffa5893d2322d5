"""The web app's parts; the only folder that imports Streamlit."""
