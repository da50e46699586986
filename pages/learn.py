"""Learn: from the feature maps to the class activation map, one step at a time."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.components.wording import calmly, plain
from pages.languages.catalogues import gettext as _
from pages.parts import sharing
from pages.parts.learn import choosing, frame, predicting, presenting, teachers_note
from pages.parts.learn.lesson import Lesson
from pages.parts.learn.steps import Step
from pages.pickers import map_picker, model_picker, picture_picker
from pages.pickers.model_picker import ModelChoice
from pages.pickers.picture_picker import PictureChoice
from pages.session import address
from pages.session.model_loading import load_with_progress
from pages.session.navigation import page_frame
from pages.session.shared_engine import model_loader


def learn() -> None:
    """The page: what is looked at in the sidebar, one step in the middle."""
    if address.read_link():
        for part in (choosing, frame, presenting, predicting):
            part.follow_link()
    elif not st.query_params:
        choosing.arrive()
    presents = presenting.is_on()
    sidebar = st.sidebar.container()
    step = frame.show_head(presents)
    notices, waiting = st.container(), st.empty()
    asks = predicting.is_asking(step.slug)
    if not asks:
        predicting.show_answer(step, presents=presents)
    # A step of its own container each: nothing of the last one stays while this one is drawn.
    stage = st.container(key=f"learn-step-{step.slug}{'-question' if asks else ''}")
    choice = source = None
    with calmly(notices), sidebar:
        choice = model_picker.pick_model()
        source = picture_picker.pick_picture(choice, model_picker.reads_drawings(choice))
    if choice is None or source is None:
        stage.info(_("Choose a model and a picture in the sidebar."))
    else:
        with calmly(notices):
            _teach(step, choice, source, presents, sidebar, waiting, stage)
    if not presents:
        teachers_note.show_note(step)
    frame.show_foot(step)
    with sidebar:
        sharing.offer_link(choice, source)
    with notices:
        if refused := address.refused():
            st.warning("  \n".join(map(plain, refused)), icon=":material/link_off:")


def _teach(
    step: Step,
    choice: ModelChoice,
    source: PictureChoice,
    presents: bool,
    sidebar: DeltaGenerator,
    waiting: DeltaGenerator,
    stage: DeltaGenerator,
) -> None:
    """Everything that needs the loaded model."""
    model = load_with_progress(choice, source, waiting)
    engine = model_loader().engine
    with sidebar:
        layer = map_picker.pick_layer(model)
        fit = map_picker.pick_fit(model)
        preprocessing = map_picker.pick_preprocessing(model) if choice.file else None
        ranked = engine.predict(
            model, source.picture, layer=layer.name, preprocessing=preprocessing, fit=fit, top=None
        )
        target = choosing.pick_class(model, ranked)
    lesson = Lesson(
        engine=engine,
        model=model,
        picture=source.picture,
        layer=layer,
        target=target,
        fit=fit,
        preprocessing=preprocessing,
        presenting=presents,
        choice=choice,
    )
    _write_address(step, source, lesson)
    with calmly(stage), stage:
        if not step.apart:
            frame.show_subject(lesson)
        if predicting.is_asking(step.slug):
            predicting.ask(step, None if step.apart else lesson.picture)
        else:
            step.show(lesson)


def _write_address(step: Step, source: PictureChoice, lesson: Lesson) -> None:
    """A link restores the step and what it shows."""
    model = lesson.model
    address.write_link(
        {
            "step": step.slug,
            "view": presenting.VIEW if lesson.presenting else None,
            "predict": predicting.address_of(),
            **model_picker.address_of_choice(lesson.choice, model),
            **source.link(),
            "layer": lesson.layer.name,
            "class": choosing.class_of_address(model, lesson.target),
            **map_picker.address_of(model, lesson.fit, lesson.preprocessing),
            **step.link(),
        }
    )


page_frame()
learn()
