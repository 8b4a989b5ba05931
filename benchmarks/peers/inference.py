"""A DataFrame script as a chemist writes it: it runs unchanged in every server of the benchmarks."""

from pathlib import Path

import pandas as pd
from xgboost import XGBRegressor


def model_fn(model_dir: str) -> XGBRegressor:
    """Loads the regressor."""
    model = XGBRegressor(n_jobs=1)
    model.load_model(Path(model_dir) / "model.ubj")
    return model


def predict_fn(df: pd.DataFrame, model: XGBRegressor) -> pd.DataFrame:
    """Adds ``prediction``."""
    features = list(model.feature_names_in_)
    df["prediction"] = model.predict(matched(df, features)[features])
    return df


def matched(df: pd.DataFrame, features: list[str]) -> pd.DataFrame:
    """The frame with its columns named as the model's features, whatever their case."""
    present = {column.lower(): column for column in df.columns}
    absent = [feature for feature in features if feature not in df.columns and feature.lower() not in present]
    if absent:
        raise ValueError(f"these features have no column: {', '.join(absent)}")
    renamed = {present[feature.lower()]: feature for feature in features if feature not in df.columns}
    return df.rename(columns=renamed)
