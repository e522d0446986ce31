"""The delivery engine: from the event log through the lanes to the receivers; knows no resource."""
