"""Channel `ntfy`: posts JSON to an ntfy server, as docs.ntfy.sh/publish/#publish-as-json describes it."""

import json

from django import forms

from tocsin.channels import http
from tocsin.channels.base import Abilities, Channel, Rendered, SettingsForm
from tocsin.channels.shorten import shortened
from tocsin.channels.text import one_line, to_text
from tocsin.errors import InvalidInput


class NtfyForm(SettingsForm):
    identity_fields = ("server", "topic")
    secret_fields = ("topic", "token")  # whoever knows a topic can read it
    server = forms.URLField(max_length=200, assume_scheme="https")
    topic = forms.RegexField(r"\A[-_A-Za-z0-9]{1,64}\Z")
    token = forms.RegexField(r"\A[A-Za-z0-9_]{1,100}\Z", required=False)

    def clean_server(self):
        try:
            http.check_url(self.cleaned_data["server"])
        except InvalidInput as error:
            raise forms.ValidationError(str(error)) from None
        return self.cleaned_data["server"]


class NtfyChannel(Channel):
    slug = label = "ntfy"
    form = NtfyForm
    abilities = Abilities(formats=("text",), max_characters=1000)

    def target_label(self, settings):
        return http.origin_of(settings["server"])

    def render(self, message):
        title = ", ".join(one_line(event.title) for event in message.events)
        text = "\n".join(to_text(event.body) for event in message.events)
        return Rendered(title[:200], shortened(text, lambda part: len(part) <= 700))

    def send(self, message):
        to, made = message.target.settings, self.render(message)
        body = json.dumps({"topic": to["topic"], "title": made.subject, "message": made.text}).encode()
        headers = {"content-type": "application/json"}
        headers |= {"authorization": f"Bearer {to['token']}"} if to.get("token") else {}
        request = http.Request(to["server"], body, headers, secret_values=self.secrets_of(message))
        return http.post(request, deadline=self.deadline_seconds)
