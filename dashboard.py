"""CAM Audit's front door: ``streamlit run dashboard.py``."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.session.navigation import run_chosen_page
from pages.session.visitor import let_in

LOOKS = Path(__file__).parent / "pages" / "components"

st.set_page_config(
    page_title="CAM Audit",
    page_icon=str(LOOKS / "icon.svg"),  # a named symbol would come from another server
    layout="wide",
    initial_sidebar_state=340,
)
st.logo(str(LOOKS / "logo.svg"), icon_image=str(LOOKS / "icon.svg"), size="large")
st.html(LOOKS / "page.css")
if let_in():
    run_chosen_page()
