"""The one table of what secrets look like, for the kernel and the server: key prefixes, addresses, headers, assignments.

Nothing is compiled before a text has one of a pattern's needles. Every expression runs in linear time: what repeats is
bounded, or is shut off from starting again within itself.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: Characters that the longest secret may have.
LONGEST = 16_384


class Pattern(NamedTuple):
    """How one kind of secret looks.

    Attributes:
        kind: What stands in the secret's place in a redacted text.
        needles: One of them is in every text that has such a secret; searching for these first is what makes it fast.
        expression: Group 1, if there is one, is the secret; else all of the match is.
    """

    kind: str
    needles: tuple[str, ...]
    expression: str


#: Kind, prefixes, and what follows the prefix.
Keys = tuple[tuple[str, str, str], ...]
# Not within a word; the letter before may belong to an escape sequence of JSON, of a terminal, or of an address.
_ESCAPED = r"|(?<=\\[nrtbf])|(?<=\\u[0-9a-fA-F]{4})|(?<=[0-9;]m)"
ALONE = rf"(?:(?<![A-Za-z0-9]){_ESCAPED}|(?<=%[0-9A-F][0-9A-F]))"
_DIGIT = r"(?=[A-Za-z_-]{0,64}[0-9])"
#: A digit, or capitals within the word more often than a name has them: one key of 70 with 24 letters and digits has no digit.
_DRAWN = rf"(?:{_DIGIT}|(?=[a-z]{{0,23}}(?:[A-Z]{{1,23}}[a-z]{{1,23}}){{5}}))"
_END = r"(?![A-Za-z0-9])"
_ALNUM, _URL, _BASE64, _HEX, _UPPER = r"[A-Za-z0-9]", r"[A-Za-z0-9_-]", r"[A-Za-z0-9+/]", r"[0-9a-f]", r"[A-Z0-9]"

#: Kind, prefixes, and what follows the prefix. Each has a long word of letters, digits, - and _.
KEYS: Keys = (
    ("API key", "sk-", rf"(?:{_ALNUM}{{0,20}}[_-]){{0,24}}{_DIGIT}{_ALNUM}{{16,}}{_URL}*"),
    ("API key", "sk-ant- sk-proj- sk-svcacct- sk-admin-", rf"{_DIGIT}{_URL}{{40,}}"),
    ("API key", "sk-", rf"[a-z][a-z0-9]{{1,11}}-{_DIGIT}(?=[a-z0-9_-]{{0,40}}[A-Z]){_URL}{{24,}}"),
    ("API key", "sk-lf-", rf"{_HEX}{{8}}-[0-9a-f-]{{27}}"),
    ("API key", "sk-helicone-", r"[a-z0-9]{7}(?:-[a-z0-9]{7}){3}"),
    ("GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_", rf"{_ALNUM}{{20,}}"),
    ("GitHub token", "github_pat_", r"[A-Za-z0-9_]{20,}"),
    (
        "GitLab token",
        "glpat- gldt- glrt- glptt- glcbt- glimt- glft- glsoat- gloas- glagent- glrtr- glwt-",
        rf"{_URL}{{16,}}",
    ),
    ("AWS key", "AKIA ASIA ABIA ACCA", rf"{_UPPER}{{16}}{_END}"),
    ("Slack token", "xoxa- xoxb- xoxc- xoxd- xoxe- xoxo- xoxp- xoxr- xoxs- xapp-", r"[A-Za-z0-9-]{10,}"),
    ("Slack token", "xoxe.", r"xox[bp]-[A-Za-z0-9-]{10,}"),
    ("Google key", "AIza", rf"{_URL}{{30,}}"),
    ("Google key", "ya29. GOCSPX-", rf"(?:[a-z]\.)?{_URL}{{20,}}"),
    ("Google key", "AQ.", rf"{_DIGIT}{_URL}{{40,}}"),
    ("Hugging Face token", "hf_", rf"{_ALNUM}{{20,}}"),
    ("Hugging Face token", "api_org_", rf"{_ALNUM}{{30,}}"),
    ("Stripe key", "sk_live_ sk_test_ rk_live_ rk_test_ pk_live_ pk_test_ whsec_", rf"{_ALNUM}{{16,}}"),
    ("package index token", "npm_", rf"{_ALNUM}{{30,}}"),
    ("package index token", "pypi-", rf"(?:AgE{_URL}{{30,}}|{_URL}{{50,}})"),
    ("package index token", "rubygems_", rf"{_HEX}{{48}}{_END}"),
    ("SendGrid key", "SG.", rf"{_URL}{{16,}}\.{_URL}{{16,}}"),
    ("API key", "gsk_ r8_ pplx- tvly- nvapi- lin_api_ ntn_ figd_ pcsk_ tgp_v1_", rf"{_DIGIT}{_URL}{{24,}}"),
    ("API key", "xai-", rf"{_DIGIT}{_ALNUM}{{40,}}"),
    ("API key", "lsv2_pt_ lsv2_sk_", rf"{_HEX}{{32}}_{_HEX}{{10}}{_END}"),
    ("API key", "wandb_v1_", rf"{_URL}{{60,}}"),
    ("API key", "fw_", rf"{_DRAWN}{_ALNUM}{{24}}(?![A-Za-z0-9_-])"),
    ("DigitalOcean token", "dop_v1_ doo_v1_ dor_v1_", rf"{_URL}{{24,}}"),
    ("Databricks token", "dapi", rf"{_DIGIT}{_URL}{{24,}}"),
    ("Shopify token", "shpat_ shpca_ shppa_ shpss_", rf"{_DIGIT}{_URL}{{24,}}"),
    ("Twitch token", "oauth:", rf"{_DIGIT}[a-z0-9]{{30}}{_END}"),
    ("Twilio key", "SK", rf"{_HEX}{{32}}{_END}"),
    ("Mailgun key", "key-", rf"{_HEX}{{32}}{_END}"),
    ("Resend key", "re_", rf"{_ALNUM}{{8}}_{_DIGIT}{_ALNUM}{{24}}(?![A-Za-z0-9_-])"),
    ("Brevo key", "xkeysib- xsmtpsib-", rf"{_HEX}{{64}}-{_ALNUM}{{16}}"),
    ("Docker Hub token", "dckr_pat_ dckr_oat_", rf"{_URL}{{20,}}"),
    ("Heroku key", "HRKU-AA", rf"{_URL}{{50,}}"),
    ("Supabase token", "sbp_ sbp_v0_", rf"{_HEX}{{40}}{_END}"),
    ("Supabase key", "sb_secret_", rf"{_URL}{{20,}}"),
    ("Neon key", "napi_", rf"{_DIGIT}{_ALNUM}{{50,}}"),
    ("Gitea token", "gta_", rf"{_HEX}{{40}}{_END}"),
    ("Cursor key", "key_", rf"{_HEX}{{64}}{_END}"),
    ("LangSmith key", "ls__", rf"{_HEX}{{32}}{_END}"),
    ("Grafana token", "glsa_", rf"{_ALNUM}{{32}}_[0-9a-fA-F]{{8}}{_END}"),
    ("New Relic key", "NRAK-", rf"{_UPPER}{{27}}{_END}"),
    ("PostHog key", "phx_", rf"{_DIGIT}{_ALNUM}{{30,}}"),
    ("Notion token", "secret_", rf"{_DIGIT}{_ALNUM}{{43}}(?![A-Za-z0-9_])"),
    ("Postman key", "PMAK-", rf"{_HEX}{{24}}-{_HEX}{{34}}{_END}"),
    ("Vault token", "hvs. hvb. hvr.", rf"{_DIGIT}{_URL}{{50,}}"),
    ("Tailscale key", "tskey-", rf"[a-z]{{2,12}}-{_ALNUM}{{6,}}-{_ALNUM}{{16,}}"),
    ("Cloudflare token", "cfut_ cfat_ cfk_", rf"{_DIGIT}{_URL}{{36,}}"),
    ("age key", "AGE-SECRET-KEY-1", r"[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{20,}"),
    ("Buildkite token", "bkua_ bkat_", rf"{_HEX}{{40}}{_END}"),
    ("CircleCI token", "CCIPAT_ CCIPRJ_", rf"{_ALNUM}{{10,}}_{_HEX}{{40}}{_END}"),
    ("Doppler token", "dp.pt. dp.ct. dp.sa. dp.scim. dp.audit.", rf"{_ALNUM}{{40,}}"),
    ("Dynatrace token", "dt0c01. dt0s01. dt0s02.", rf"{_UPPER}{{8,24}}\.{_UPPER}{{64}}{_END}"),
    ("EasyPost key", "EZAK EZTK", rf"{_DIGIT}{_ALNUM}{{54}}{_END}"),
    ("Netlify token", "nfp_", rf"{_DIGIT}{_ALNUM}{{36,}}"),
    ("Prefect key", "pnu_ pnb_", rf"{_ALNUM}{{36}}{_END}"),
    ("Pulumi token", "pul-", rf"{_HEX}{{40}}{_END}"),
    ("Sentry token", "sntryu_", rf"{_HEX}{{64}}{_END}"),
    ("SonarQube token", "squ_ sqp_ sqa_", rf"{_HEX}{{40}}{_END}"),
    ("Square token", "sq0atp- sq0csp-", rf"{_URL}{{22,}}"),
    ("Square token", "EAAA", rf"{_DIGIT}{_URL}{{22,}}"),
    ("payment key", "APP_USR- TEST-", rf"[0-9]{{10,20}}-[0-9]{{6}}-{_HEX}{{32}}"),
    ("1Password key", "A3-", rf"{_UPPER}{{6}}-{_UPPER}{{6,11}}(?:-{_UPPER}{{5}}){{3,4}}{_END}"),
    ("Adobe secret", "p8e-", rf"{_ALNUM}{{32}}{_END}"),
    ("Airtable token", "pat", rf"{_ALNUM}{{14}}\.{_HEX}{{64}}{_END}"),
    ("Alibaba key", "LTAI STS.", rf"{_DIGIT}{_ALNUM}{{12,40}}{_END}"),
    ("Apify token", "apify_api_", rf"{_ALNUM}{{30,}}"),
    ("Artifactory key", "AKCp cmVmd", rf"{_DIGIT}{_ALNUM}{{59,69}}{_END}"),
    ("AWS key", "A3T", rf"{_DIGIT}{_UPPER}{{17}}{_END}"),
    ("Axiom token", "xaat- xapt-", r"[0-9a-f-]{36}"),
    ("Bitbucket token", "ATBB ATOA", rf"{_DIGIT}{_ALNUM}{{30,}}"),
    ("ClickHouse key", "4b1d", rf"{_ALNUM}{{38}}{_END}"),
    ("Clojars token", "CLOJARS_", rf"{_ALNUM}{{60}}{_END}"),
    ("Cloudflare key", "v1.0-", rf"{_HEX}{{24}}-{_HEX}{{146}}{_END}"),
    ("CockroachDB key", "CCDB1_", r"[A-Za-z0-9_]{40,}"),
    ("Contentful token", "CFPAT-", rf"{_URL}{{30,}}"),
    ("Databricks token", "dose dkea", rf"{_HEX}{{32}}{_END}"),
    ("Datadog key", "ddapi_ ddapp_", rf"{_ALNUM}{{28,}}"),
    ("dbt token", "dbtc_ dbtu_", rf"{_DIGIT}{_URL}{{30,}}"),
    ("Deno token", "ddp_ ddo_", rf"{_ALNUM}{{36}}{_END}"),
    ("DigitalOcean key", "DO00", rf"{_UPPER}{{16}}{_END}"),
    ("DingTalk secret", "SEC", rf"{_HEX}{{64}}{_END}"),
    ("Discord token", "mfa.", rf"{_DIGIT}{_URL}{{80,}}"),
    ("Dropbox token", "sl. sl.u.", rf"{_DIGIT}{_URL}{{100,}}"),
    ("Facebook token", "EAA", rf"{_DIGIT}{_ALNUM}{{90,}}"),
    ("Instagram token", "IGQV", rf"{_DIGIT}{_URL}{{90,}}"),
    ("Flutterwave key", "FLWSECK_TEST- FLWSECK-", r"[a-h0-9]{12,32}(?:-X)?" + _END),
    ("Fly.io token", "fo1_", rf"{_URL}{{43}}{_END}"),
    ("GitHub token", "v1.", rf"{_HEX}{{40}}{_END}"),
    ("GitLab token", "glffct- GR1348941", rf"{_URL}{{20,}}"),
    ("Google key", "1//0", rf"{_DIGIT}{_URL}{{60,}}"),
    ("API token", "eyJrIjoi eyJhcGlf", rf"{_ALNUM}{{60,}}={{0,2}}"),
    ("Harness token", "pat. sat.", rf"{_URL}{{22}}\.{_ALNUM}{{24}}\.{_ALNUM}{{20}}{_END}"),
    ("Honeycomb key", "hcaik_ hcxik_ hcamk_", r"[0-9a-z]{40,}"),
    ("HubSpot token", "pat-", r"[a-z]{2}[0-9]-[0-9a-f-]{36}" + _END),
    ("Infisical token", "st.", rf"[0-9a-f-]{{8,36}}\.{_HEX}{{32}}\.{_HEX}{{32}}{_END}"),
    ("Infracost key", "ico-", rf"{_DIGIT}{_ALNUM}{{32}}{_END}"),
    ("Intra 42 secret", "s-s4t2ud- s-s4t2af-", rf"{_HEX}{{64}}{_END}"),
    ("JSON Web Token", "ZXlKaGJHY2lPaU ZXlKMGVYQWlPaU ZXlKcmFXUWlPaU", rf"{_BASE64}{{60,}}={{0,2}}"),
    ("Kubernetes token", "sha256~", rf"{_URL}{{43}}{_END}"),
    ("Langfuse key", "pk-lf-", r"[0-9a-f-]{36}" + _END),
    ("LaunchDarkly key", "api- sdk- mob-", r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}" + _END),
    ("Linear key", "lin_oauth_", rf"{_HEX}{{40,}}"),
    ("LinkedIn secret", "WPL_AP1.", rf"{_ALNUM}{{12,}}\.{_ALNUM}{{4,}}"),
    ("Mailgun key", "pubkey-", rf"{_HEX}{{32}}{_END}"),
    ("MailerSend token", "mlsn.", rf"{_HEX}{{64}}{_END}"),
    ("MongoDB secret", "mdb_sa_sk_", rf"{_URL}{{30,}}"),
    ("New Relic key", "NRII- NRJS- NRIQ-", rf"{_URL}{{19,}}"),
    ("NuGet key", "oy2", rf"{_DIGIT}[a-z0-9]{{43}}{_END}"),
    ("Octopus key", "API-", rf"{_DIGIT}{_UPPER}{{24,36}}{_END}"),
    ("OneSignal key", "os_v2_app_", r"[a-z0-9]{60,}"),
    ("package index token", "cio", rf"{_DIGIT}{_ALNUM}{{32}}{_END}"),
    ("package index token", "packagist_uut_ packagist_oat_ packagist_acm_", rf"{_HEX}{{32,}}"),
    ("Paddle key", "pdl_", r"(?:live|sdbx)_apikey_[A-Za-z0-9_]{30,}"),
    ("payment key", "access_token$production$ access_token$sandbox$", rf"{_ALNUM}{{16}}\${_HEX}{{32}}{_END}"),
    ("payment key", "access-sandbox- access-development- access-production-", r"[0-9a-f-]{36}" + _END),
    ("payment key", "live_ test_", rf"{_HEX}{{35}}{_END}"),
    ("payment key", "rzp_live_ rzp_test_", rf"{_ALNUM}{{14}}{_END}"),
    ("payment key", "shippo_live_ shippo_test_", rf"{_HEX}{{40}}{_END}"),
    ("payment key", "polar_oat_ polar_pat_", rf"{_ALNUM}{{30,}}"),
    ("PubNub key", "sec-c-", rf"{_DIGIT}{_URL}{{36,}}"),
    ("Rancher token", "token-", r"[a-z0-9]{5}:[a-z0-9]{54}" + _END),
    ("ReadMe key", "rdme_", rf"{_DIGIT}[a-z0-9]{{70}}{_END}"),
    ("Scaleway key", "SCW", rf"{_DIGIT}{_UPPER}{{17}}{_END}"),
    ("Scalingo token", "tk-us- tk-eu-", rf"{_DIGIT}{_URL}{{48}}{_END}"),
    ("SettleMint token", "sm_pat_ sm_aat_ sm_sat_", rf"{_DIGIT}{_ALNUM}{{16}}{_END}"),
    ("Shopify token", "shptka_", rf"{_HEX}{{32}}{_END}"),
    ("Sourcegraph token", "sgp_", rf"(?:(?:{_HEX}{{16}}|local)_)?{_HEX}{{40}}{_END}"),
    ("Stripe key", "sk_prod_ rk_prod_", rf"{_DIGIT}{_URL}{{16,}}"),
    ("Tencent key", "AKID", rf"{_DIGIT}{_ALNUM}{{32}}{_END}"),
    ("Trello token", "ATTA", rf"{_HEX}{{64,76}}{_END}"),
    (
        "Vault token",
        "s.",
        rf"{_DIGIT}(?=[A-Z0-9]{{0,23}}[a-z])(?=[a-z0-9]{{0,23}}[A-Z]){_ALNUM}{{24}}(?![A-Za-z0-9_.(=-])",
    ),
    ("Vercel token", "vcp_ vci_ vca_ vcr_ vck_", rf"{_ALNUM}{{24,}}"),
    ("Vercel token", "vercel_blob_rw_", r"[A-Za-z0-9_]{30,}"),
    ("Volcengine key", "AKLT", rf"{_DIGIT}{_ALNUM}{{40,50}}{_END}"),
    ("Yandex key", "AQVN YCM YCAJE t1.9euelZ y0_", rf"{_DIGIT}{_URL}{{20,}}(?:\.{_URL}{{40,}})?"),
    ("Yandex key", "t1.", rf"{_URL}{{10,2048}}={{0,2}}\.{_URL}{{80,200}}={{0,2}}"),
    ("Yandex key", "YC", rf"{_DIGIT}(?=[A-Z0-9_-]{{0,37}}[a-z]){_URL}{{38}}(?![A-Za-z0-9_-])"),
    ("Kaggle token", "KGAT_", rf"{_DIGIT}{_ALNUM}{{24,}}"),
    ("Snyk token", "snyk_uat. snyk_sat. snyk_pat.", rf"{_ALNUM}{{4,40}}\.{_DIGIT}{_URL}{{15,}}(?:\.{_URL}{{1,512}})?"),
    ("Snyk token", "snyk_uat. snyk_sat. snyk_pat.", rf"{_DIGIT}{_URL}{{20,}}"),
    ("WakaTime key", "waka_", r"[0-9a-f]{8}-[0-9a-f-]{27}" + _END),
    ("Rootly key", "rootly_", rf"{_HEX}{{40,}}{_END}"),
    ("Endor Labs key", "endr+", rf"{_DIGIT}{_URL}{{16,}}"),
    (
        "API key",
        "jina_ e2b_ fc- bb_live_ rnd_ figo_ flp_ rpa_ aio_ esecret_ octoai_ csk- bsk- pk-portkey- ydc-sk-",
        rf"{_DIGIT}{_URL}{{24,}}{_END}",
    ),
    ("API key", "sk_", rf"{_DIGIT}(?:{_HEX}{{48}}|{_URL}{{43}}){_END}"),
    ("API key", "pa- BSA", rf"{_DIGIT}(?=[a-z0-9_-]{{0,40}}[A-Z]){_URL}{{28,43}}{_END}"),
    ("API key", "ak- as-", rf"{_DIGIT}(?=[a-z0-9]{{0,21}}[A-Z]){_ALNUM}{{22}}{_END}"),
    # The first part is a number in Base64: these are all the beginnings that it can have.
    (
        "Discord token",
        "MT Mj Mz ND NT Nj Nz OD OT",
        rf"{_URL}{{20,26}}\.{_URL}{{6}}\.{_URL}{{27,40}}(?![A-Za-z0-9_-])",
    ),
    ("API key", "pk_", rf"[0-9]{{5,10}}_{_UPPER}{{32}}{_END}"),
)
#: The same of keys that need not have a long word, because +, / or = are among their characters.
BASE64_KEYS: Keys = (
    # "-----BEGIN … PRIVATE KEY" in Base64, and what such a key begins with, without that line.
    (
        "private key",
        "LS0tLS1CRUdJTiBQUklWQVRFIE LS0tLS1CRUdJTiBSU0EgUFJJVk LS0tLS1CRUdJTiBFQyBQUklWQV LS0tLS1CRUdJTiBEU0EgUFJJVk LS0tLS1CRUdJTiBPUEVOU1NIIF LS0tLS1CRUdJTiBFTkNSWVBURU LS0tLS1CRUdJTiBQR1AgUFJJVk",
        rf"{_BASE64}{{40,}}={{0,2}}",
    ),
    (
        "private key",
        "MIIEvQIBADAN MIIEvAIBADAN MIIEvgIBADAN MIIEpAIBAAKCAQEA MIIEowIBAAKCAQEA MIIEpQIBAAKCAQEA MIIJQgIBADAN MIIJQwIBADAN MIIJQQIBADAN MIIJKQIBAAKCAgEA MIIJKAIBAAKCAgEA MIIJKgIBAAKCAgEA MIIG/gIBADAN MIIG5AIBAAKCAYEA MHcCAQEEI MIGkAgEBBDA MIGHAgEAMBMGByqG MC4CAQAwBQYDK2VwBCIEI",
        rf"{_BASE64}{{24,}}={{0,2}}",
    ),
    ("Atlassian token", "ATATT3 ATCTT3", r"[A-Za-z0-9_=-]{60,}"),
    ("PlanetScale token", "pscale_tkn_ pscale_pw_ pscale_oauth_", r"[A-Za-z0-9_.=-]{32,}"),
    ("Typeform token", "tfp_", r"[A-Za-z0-9_.=-]{50,}"),
    ("Duffel token", "duffel_live_ duffel_test_", r"[A-Za-z0-9_=-]{40,}"),
    ("Frame.io token", "fio-u-", r"[A-Za-z0-9_=-]{60,}"),
    ("AWS key", "ABSK", rf"{_BASE64}{{80,}}={{0,2}}"),
    ("Fly.io token", "fm1_ fm1a_ fm1r_ fm2_", rf"{_BASE64}{{80,}}={{0,3}}"),
    ("1Password token", "ops_eyJ", r"[A-Za-z0-9+/=_-]{100,}"),
    ("Sentry token", "sntrys_eyJ", r"[A-Za-z0-9+/=_]{60,}"),
    ("Grafana token", "glc_", rf"{_DIGIT}{_BASE64}{{32,}}={{0,3}}"),
    ("AWS key", "bedrock-api-key-", rf"{_BASE64}{{60,}}={{0,3}}"),
    ("Mapbox token", "sk.eyJ", rf"{_URL}{{40,}}\.{_URL}{{20,}}"),
)
#: Characters that these keys may have other than letters, digits, - and _, and those in the middle of other secrets.
KEY_CHARACTERS = "+/=.~:"
#: Characters of a long word of letters, digits, - and _, and of one that has `KEY_CHARACTERS`, too.
LONG_WORD, LONG_MARKED_WORD = 15, 20
#: Characters before a long word in which a key's prefix begins, and on both sides of one in which it is searched for otherwise.
LONGEST_PREFIX, MARGIN = 26, 64


def _pattern(kind: str, needles: str, expression: str) -> Pattern:
    return Pattern(kind, tuple(needles.split()), expression)


#: Only in texts that have a long word.
KEY_FILES = (
    _pattern(
        "password",
        ":5432: :*:",
        rf"(?:(?<![A-Za-z0-9._*-]){_ESCAPED})[A-Za-z0-9._*-]{{1,253}}:(?:[0-9]{{2,5}}|\*):[^\s:\"']{{1,64}}:[^\s:\"']{{1,64}}:([^\s\"'`\\]{{4,256}})",
    ),
    _pattern(
        "private key",
        "Private-Lines:",
        r"Private-Lines:\s{0,3}[0-9]{1,4}(?:\\r)?(?:\\n|\s){1,3}[\"', ]{0,8}"
        r"((?:[A-Za-z0-9+/=]{4,80}(?:(?:\\r|\\n|[\s\"',]){1,12}|\Z)){1,200})",
    ),
)
#: Services whose keys have no prefix: what is given to a name of theirs.
SERVICES = "adafruit algolia beamer bitbucket bittrex meraki cloudflare codecov coinbase confluent contentful datadog droneci dropbox etsy fastly finicity finnhub flickr freshbooks gitter gocardless heroku hubspot intercom jfrog kraken kucoin launchdarkly looker mailgun mapbox mattermost messagebird netlify newrelic nytimes okta plaid privateai rapidapi sendbird snyk sonar squarespace sumologic telegram travisci twitch yandex zendesk"
#: Searched for around long words of any `KEY_CHARACTERS`.
MARKED = (
    _pattern(
        "webhook address",
        "/hooks/ /hook/ hooks.slack.com/ /IncomingWebhook/",
        r"(?:hooks\.slack\.com/(?:services|workflows|triggers)/|/bot/v2/hook/|hooks\.zapier\.com/hooks/catch/[0-9]{1,12}/|/IncomingWebhook/)"
        r"([A-Za-z0-9/_-]{6,})",
    ),
    _pattern("Discord address", "/api/webhooks/", rf"discord(?:app)?\.com/api/webhooks/[0-9]{{15,20}}/({_URL}{{60,}})"),
    _pattern("Azure secret", "Q~", rf"{ALONE}[A-Za-z0-9_.~]{{3}}[0-9]Q~[A-Za-z0-9_.~-]{{31,34}}"),
    # Azure signs its keys: these stand near their ends.
    _pattern(
        "Azure key",
        "JQQJ99 AZDO ACDb +A AzFu AzSe AIoT AzCa",
        rf"(?:(?<![A-Za-z0-9+=]){_ESCAPED})(?=[A-Za-z+/]{{0,64}}[0-9])(?:{_ALNUM}{{52}}JQQJ99{_ALNUM}{{10,40}}|{_BASE64}{{32,80}}"
        r"(?:\+(?:ASt|ACR|AMC|AEh|ASb|ARm)|AIoT|ACDb|AZDO|AzFu|AzSe|AzCa)[A-Za-z0-9+/]{4,6}={0,2})(?![A-Za-z0-9+=])",
    ),
    _pattern(
        "Twitter token",
        "A" * 20,
        rf"(?:(?<![A-Za-z0-9+/=]){_ESCAPED})A{{20,24}}(?=[A-Za-z%]{{0,60}}[0-9])[A-Za-z0-9%]{{60,110}}(?![A-Za-z0-9+/=%])",
    ),
    _pattern(
        "Facebook token",
        "| %7C",
        rf"(?<![0-9])[0-9]{{15,16}}(?:\||%7C)(?=[A-Za-z_-]{{0,40}}[0-9]){_URL}{{27,40}}{_END}",
    ),
    _pattern(
        "password hash",
        "$1$ $5$ $6$ $7$ $8$ $9$ $y$ $gy$ $2a$ $2b$ $2x$ $2y$ $apr1$ $sha1$ $scrypt$ $argon2 $pbkdf2 $bcrypt",
        r"\$(?:[156789y]|gy|2[abxy]|apr1|sha1|scrypt|argon2[a-z]{1,2}|pbkdf2(?:-sha[0-9]{1,3})?|bcrypt-sha[0-9]{1,3})\${1,2}"
        r"(?:[A-Za-z0-9=,./+-]{1,64}\${1,2}){1,4}(?=[A-Za-z./+]{0,80}[0-9])([A-Za-z0-9./+=]{22,128})(?![A-Za-z0-9./+$])",
    ),
    _pattern(
        "password hash",
        "$P$ $H$ $S$",
        r"\$[PHS]\$(?=[A-Za-z./]{0,50}[0-9])([A-Za-z0-9./]{31,52})(?![A-Za-z0-9./+$])",
    ),
    _pattern(
        "password hash",
        "pbkdf2 scrypt: scrypt$ SCRAM-SHA-",
        r"(?:pbkdf2_sha[0-9]{1,3}|pbkdf2:sha[0-9]{1,3}:[0-9]{1,9}|scrypt(?::[0-9:]{1,20})?|SCRAM-SHA-[0-9]{1,3})\$(?:[A-Za-z0-9+/=:,._-]{1,64}\$){1,3}([A-Za-z0-9+/=:]{40,180})",
    ),
    _pattern(
        "password hash", "{S {MD5} {CRYPT}", rf"\{{(?:S?SHA(?:256|512)?|SMD5|MD5|CRYPT)\}}({_BASE64}{{20,}}={{0,2}})"
    ),
    _pattern(
        "password hash",
        "sha1: sha256: sha512:",
        rf"(?<![A-Za-z0-9])sha(?:1|256|512):{_HEX}{{12}}:({_HEX}{{40,128}}){_END}",
    ),
    _pattern(
        "registry password",
        "auth\" auth'",
        rf"[\"']auth\\{{0,3}}[\"']\s{{0,3}}:\s{{0,3}}\\{{0,3}}[\"']({_BASE64}{{12,2048}}={{0,2}})\\{{0,3}}[\"']",
    ),
    _pattern(
        "registry password",
        "_auth= _auth =",
        rf"(?<![A-Za-z0-9.])_auth\s{{0,3}}=\s{{0,3}}[\"']?(?=[A-Za-z+/]{{0,64}}[0-9=])({_BASE64}{{12,2048}}={{0,2}})(?![A-Za-z0-9_.(\[])",
    ),
    _pattern("Authorization header", "SSWS", rf"SSWS[\s\\\"',:=]{{1,8}}{_DIGIT}({_URL}{{20,}})"),
    _pattern(
        "Authorization header",
        "asic ASIC",
        rf"\b(?i:basic)\s{{1,3}}(?=[A-Za-z+/]{{0,64}}[0-9=])({_BASE64}{{16,}}={{0,2}})(?![A-Za-z0-9+/=._-])",
    ),
    _pattern(
        "package index token",
        "BUNDLE_",
        r"BUNDLE_[A-Z0-9_]{3,60}[\\\"']{0,3}\s{0,3}[=:]\s{0,3}[\\\"']{0,3}[A-Za-z0-9_-]{1,64}:([A-Za-z0-9_-]{8,})",
    ),
    _pattern(
        "private key",
        '"d\\ "k\\ "p\\ "q\\ "d" "k" "p" "q" "dp "dq "qi',
        rf"\"(?:d|k|p|q|dp|dq|qi)\\{{0,3}}\"\s{{0,3}}:\s{{0,3}}\\{{0,3}}\"{_DIGIT}({_URL}{{43,}})\\{{0,3}}\"",
    ),
    _pattern(
        "API key",
        " ".join((SERVICES, SERVICES.upper(), SERVICES.title())),
        rf"(?i:{SERVICES.replace(' ', '|')})[A-Za-z0-9_]{{0,40}}[\\\"']{{0,4}}\]?\s{{0,3}}(?:=>|[:=])\s{{0,3}}[\\\"']{{1,4}}"
        rf"(?=[A-Za-z_-]{{0,40}}[0-9])(?=[0-9_-]{{0,40}}[A-Za-z])([A-Za-z0-9]{{24,100}}|{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}})[\\\"']",
    ),
    _pattern(
        "Convex key",
        "prod: dev: preview: project:",
        rf"{ALONE}(?:prod|dev|preview|project):[a-z0-9:-]{{3,64}}\|(?=[A-Za-z+/]{{0,64}}[0-9]){_BASE64}{{32,512}}={{0,2}}",
    ),
    _pattern("MaxMind key", "_mmk", rf"{ALONE}{_ALNUM}{{6}}_{_ALNUM}{{29}}_mmk{_END}"),
    _pattern("New Relic key", "NRAL", rf"{ALONE}{_HEX}{{36}}NRAL{_END}"),
    _pattern("Mailchimp key", "-us", rf"{ALONE}{_HEX}{{32}}-us[0-9]{{1,2}}{_END}"),
    _pattern("Asana token", "1/ 2/", r"/(?<=[12]/)[0-9]{13,20}(?:/[0-9]{13,20})?:([0-9a-f]{32})" + _END),
    _pattern("Kubernetes token", "::server:", rf"{ALONE}K10{_HEX}{{64}}::server:{_HEX}{{32}}{_END}"),
    _pattern("Bitwarden token", "0.", rf"0\.[0-9a-f-]{{36}}\.({_ALNUM}{{30}}:[A-Za-z0-9+/]{{22}}={{0,2}})"),
    _pattern(
        "API key",
        ":",
        rf":(?<={_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}:)({_HEX}{{32}}){_END}",
    ),
    _pattern(
        "Authress key",
        ".acc_ .acc-",
        rf"(?:\b{_ESCAPED})[a-z]{{2,8}}_[a-z0-9]{{5,30}}\.[a-z0-9]{{4,6}}\.acc[_-][a-z0-9-]{{10,32}}\.[A-Za-z0-9+/_=-]{{30,}}",
    ),
    _pattern("Doppler token", "dp.st.", rf"{ALONE}dp\.st\.[a-z0-9_-]{{1,40}}\.{_ALNUM}{{40,}}"),
    _pattern("session cookie", "_gitlab_session=", rf"_gitlab_session=({_HEX}{{32}})"),
    _pattern("Terraform token", ".atlasv1.", rf"{ALONE}{_ALNUM}{{14}}\.atlasv1\.{_URL}{{60,}}"),
    _pattern("Telegram token", ":AA", rf"{ALONE}[0-9]{{8,10}}:AA[A-Za-z0-9_-]{{33}}"),
    _pattern(
        "JSON Web Token",
        "eyJ",
        rf"(?:(?<![A-Za-z0-9_-]){_ESCAPED})eyJ[A-Za-z0-9_-]{{8,}}\.[A-Za-z0-9_-]{{8,}}(?:\.[A-Za-z0-9_-]*)?",
    ),
)
#: In every text that has one of these.
HINTS = ("://", "-----BEGIN")
ANYWHERE = (
    _pattern(
        "private key",
        "-----BEGIN",
        r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----"
        rf"(?:(?:[^-]|-(?!----)){{0,{LONGEST}}}-----END [A-Z0-9 ]{{0,40}}-----|[^-\"'{{}}<>]{{0,{LONGEST}}})",
    ),
    _pattern("password in an address", "://", r"://[^\s:/@\"'<>]{0,256}:([^\s/\"'<>]{1,256})@"),
    _pattern("token in an address", "://", r"://([A-Za-z0-9_-]{20,256})@"),
)
_NO_PLACEHOLDER = r"(?![-$<{%*]|(?i:your|pass(?:word|wd)?\b|secret\b|xxx|\.\.\.))"
_TEXT, _SPACE = r"\\{0,3}[\"']", r"[ \t]{1,3}"
#: Only in texts that have a bracket.
CALLS = (
    _pattern("private key", "ernet(", r"\bFernet\(\s{0,3}b?[\"']([A-Za-z0-9_-]{43}=)[\"']"),
    _pattern(
        "password",
        "auth ogin(",
        rf"(?:\bauth\s?=\s?(?:[A-Za-z_.]{{1,40}})?\(|\.login\()\s{{0,3}}{_TEXT}[^\"'\n\\]{{1,128}}{_TEXT}\s{{0,3}},\s{{0,3}}"
        rf"(?:pass(?:word|wd)?=)?{_TEXT}{_NO_PLACEHOLDER}([^\"'\n\\]{{4,256}}){_TEXT}",
    ),
)
#: Only in texts that have |, @ or a backslash, which are found fastest.
LOGINS = (
    _pattern(
        "password",
        "/user:",
        rf"(?i:\bnet{_SPACE}use){_SPACE}(?:(?:[A-Za-z*]:?{_SPACE})?[\"']?\\\\[^\s\"']{{1,200}}[\"']?{_SPACE}|[^\n/]{{0,200}}/user:[^\s\"']{{1,64}}{_SPACE})"
        rf"{_NO_PLACEHOLDER}(?!/)([^\s\"'\\]{{4,256}})",
    ),
    _pattern(
        "password",
        "kinit sudo",
        rf"\b(?:echo|printf){_SPACE}(?:-n{_SPACE})?[\"']?{_NO_PLACEHOLDER}([^\s\"'|\\]{{4,256}})[\"']?[ \t]{{0,3}}\|[ \t]{{0,3}}(?:kinit|sudo{_SPACE}-S)\b",
    ),
    _pattern(
        "password",
        "sqlplus",
        rf"\bsqlplus(?:{_SPACE}-[A-Za-z]{{1,8}}){{0,4}}{_SPACE}[\"']?[A-Za-z0-9_$#.]{{1,128}}/{_NO_PLACEHOLDER}[\"']?([^\s\"'@/\\]{{4,128}})[\"']?@",
    ),
)
#: Characters of a word that may be a key of an unknown kind: a prefix, then letters of both cases and digits in no order.
LONG_KEY = 31
_RUN = r"(?:[a-z]+(?![a-z])|[A-Z]+(?![A-Z])|[0-9]+(?![0-9]))"
IN_LONG_KEYS = (
    _pattern(
        "API key",
        "_ -",
        rf"(?:(?<![A-Za-z0-9_+=.\\-]){_ESCAPED})(?!sha[0-9]|chatcmpl)[A-Za-z][A-Za-z0-9]{{1,15}}[_-](?:[A-Za-z0-9]{{1,10}}[_-]){{0,2}}"
        rf"(?={_ALNUM}{{28,}}(?![A-Za-z0-9_+-]))(?=[A-Za-z]{{0,40}}[0-9])(?=[a-z0-9]{{0,40}}[A-Z]){_RUN}{{14,}}",
    ),
    _pattern(
        "API key",
        "_ .",
        rf"(?:(?<![A-Za-z0-9_+=.\\-]){_ESCAPED})(?:[123]{_ALNUM}{{26}}_(?=[A-Za-z]{{0,20}}[0-9]){_ALNUM}{{20,22}}|{_HEX}{{32}}\.{_ALNUM}{{16}}){_END}",
    ),
)
#: Only in texts that have, in lower case, one of `SECRET_WORDS`.
AFTER_SECRET_WORDS = (
    _pattern(
        "token in an address",
        "token= key= sig= signature= password= secret=",
        r"[?&#](?:[a-z_-]{0,20}(?:token|key)|sig|signature|password|[a-z_-]{0,20}secret)=([A-Za-z0-9._~+/%=-]{8,})",
    ),
    _pattern(
        "Authorization header",
        "uthorization UTHORIZATION",
        r"(?i:authorization)[\\\"']{0,3}\s{0,3}[:=,]\s{0,3}[fb]?[\\\"']{0,3}(?:[A-Za-z-]{1,20}\s{1,3})?"
        r"(?=[A-Za-z._~+/-]{0,64}[0-9=])([A-Za-z0-9._~+/=-]{12,})",
    ),
    _pattern(
        "Authorization header",
        "earer EARER",
        rf"{ALONE}(?i:bearer)\s{{1,3}}(?=[A-Za-z._~+/-]{{0,64}}[0-9])([A-Za-z0-9._~+/=-]{{16,}})",
    ),
    _pattern(
        "API key header",
        "-Key -key -KEY -Token -token -TOKEN",
        r"\b(?i:x-(?:[a-z]{1,12}-)?(?:api|auth|access|secret)-(?:key|token))[\\\"'`]{0,3}\s{0,3}[:=,]\s{0,3}[\\\"'`]{0,3}"
        r"(?=[A-Za-z._~+/-]{0,64}[0-9])([A-Za-z0-9._~+/=-]{8,})",
    ),
    _pattern(
        "cookie",
        "ookie OOKIE",
        r"(?i:\b(?:set-)?cookie)[\\\"']{0,3}\s{0,3}[:=]\s{0,3}[\\\"']{0,3}"
        r"([A-Za-z0-9_.-]{1,64}=[^\s\"'\\;,(){}<>]{4,}(?:;\s{0,3}[A-Za-z0-9_.-]{1,64}(?:=[^\"'\\;\n]{0,512})?){0,40})",
    ),
    _pattern(
        "connection string",
        "AccountKey= SharedAccessKey= SharedAccessSignature= Password= Pwd= PWD=",
        r";\s{0,3}(?:AccountKey|SharedAccessKey|SharedAccessSignature|Password|Pwd|PWD)=([^\s;\"'{}<>$()\\]{4,})",
    ),
    _pattern(
        "connection string",
        "AccountKey= SharedAccessKey=",
        r"(?<![A-Za-z0-9_])(?:AccountKey|SharedAccessKey)=([A-Za-z0-9+/]{40,100}={0,2})",
    ),
    _pattern(  # what stands before a command: PGPASSWORD=… psql
        "password",
        "PASSWORD= PASSWD= _PWD= TOKEN= SECRET= _KEY=",
        r"(?<![\w$])(?:[A-Z][A-Z0-9_]{0,40}(?:PASSWORD|PASSWD|_PWD|_TOKEN|_SECRET|(?:ACCESS|API)_KEY)|PASSWORD|PASSWD|TOKEN|SECRET|(?:ACCESS|API)_KEY)="
        r"(?=[A-Za-z._~+/@!%^*-]{0,64}[0-9])([A-Za-z0-9._~+/@!%^*-]{8,256})(?=[\s`\"'\\]|\Z)",
    ),
    _pattern(
        "password",
        "--from-literal --set",
        r"--(?:from-literal|set|set-string)[=\s]{1,3}[\w.-]{0,64}(?:password|passwd|secret|token)=([^\s,\"'{}$<]{4,256})",
    ),
    _pattern("password", "assword=", r"(?<!\S)-D[\w.]{0,64}[pP]assword=([^\s\"'$<{]{4,256})"),
    _pattern(
        "token in an address",
        "X-Amz- X-Goog-",
        r"X-(?:Amz|Goog)-(?:Signature|Security-Token)=([A-Za-z0-9%/+=_-]{16,4096})",
    ),
    _pattern("password", "ansible_", r"\bansible_(?:[a-z]{2,10}_)?pass(?:word)?[=:]\s{0,3}([^\s\"'{}$<`\\]{4,256})"),
    _pattern("package index token", "_authToken= _password=", r":_(?:authToken|password)=([^\s\"'$<]{8,256})"),
    _pattern(
        "password",
        "value=",
        r"(?:key|name)=[\"'][A-Za-z0-9_.:-]{0,40}(?i:password|passphrase|secret|api_?key|token)[\"']\s{1,3}value=[\"']([^\"'<>\n$]{4,256})[\"']",
    ),
    _pattern(
        "password",
        "assword> assphrase> ecret> ecretKey> piKey> ssKey>",
        r"<[A-Za-z0-9_.:-]{0,40}(?:[pP]assword|[pP]assphrase|[sS]ecret|[sS]ecretKey|[sS]ecretAccessKey|[aA]piKey)>([^<>\s$]{4,256})</",
    ),
    _pattern(
        "Kubernetes secret",
        "kind: Secret",
        r"kind: Secret\s(?:[^\n]{0,200}\n){1,40}?(?:data|stringData):[ \t]{0,4}\n((?:[ \t]{1,8}[A-Za-z0-9_.-]{1,253}:[^\n]{0,16384}(?:\n|\Z)){1,100})",
    ),
    _pattern(
        "Kubernetes secret",
        "kind: Secret",
        r"(?:^|\n)(?:data|stringData):[ \t]{0,4}\n((?:[ \t]{1,8}[A-Za-z0-9_.-]{1,253}:[^\n]{0,16384}\n){1,100})(?:[^\n]{0,200}\n){0,10}?kind: Secret\b",
    ),
    _pattern(
        "connection string",
        "password=",
        r"(?:(?:host|hostaddr|port|dbname|user|sslmode)=[^\s,()\"']{1,200}\s{1,3}(?:[a-z_]{2,30}=[^\s,()\"']{1,200}\s{1,3}){0,9}"
        r"(?:ssl)?password=([^\s,()\"'\\]{4,256}))",
    ),
    _pattern(
        "connection string",
        "password=",
        r"(?<![A-Za-z0-9_])(?:ssl)?password=([^\s,()\"'\\]{4,256})\s{1,3}"
        r"(?:[a-z_]{2,30}=[^\s,()\"']{1,200}\s{1,3}){0,9}(?:host|hostaddr|port|dbname|user|sslmode)=",
    ),
    _pattern(
        "password",
        "-pass --token --secret --api --access",
        r"--(?:[a-z]{1,12}-){0,3}(?:pass(?:word|wd|phrase)?|token|secret|(?:api|access|secret|account)-key)(?:=|\s{1,3})[\"']?([^\s\"'<$\[{(-][^\s\"'<>(){}\\]{3,})",
    ),
    _pattern(
        "password",
        "dentified DENTIFIED",
        r"(?i:identified\s{1,3}(?:by|with\s{1,3}\S{1,40}\s{1,3}(?:as|by)))\s{1,3}[\"']([^\"'\n]{4,256})[\"']",
    ),
    _pattern(
        "password",
        "htpasswd",
        rf"\bhtpasswd(?=[^\n]{{0,24}}\s-[A-Za-z]{{0,6}}b)(?:{_SPACE}-[A-Za-z]{{1,8}}(?:{_SPACE}[0-9]{{1,2}}(?=\s))?){{1,4}}"
        rf"(?:{_SPACE}[^\s-]\S{{0,200}}){{1,2}}{_SPACE}{_NO_PLACEHOLDER}([^\s\"'\\]{{4,256}})",
    ),
    _pattern("password", "password", r"\blogin\s{1,3}\S{1,64}\s{1,3}password\s{1,3}([^\s\"'\\]{4,256})"),
    _pattern(
        "password",
        "setenv( putenv( setdefault(",
        r"(?:setenv|putenv|setdefault)\(\\{0,3}[\"'][A-Za-z0-9_]{0,32}(?i:key|token|secret|password)\\{0,3}[\"'],\s{0,3}"
        r"\\{0,3}[\"']([^\"'\n\\]{4,256})",
    ),
    _pattern("API key", "key", r"\"key\\{0,3}\":\s{0,3}\\{0,3}\"([0-9a-f]{32})\\{0,3}\""),
)
#: Between the words of a command, which may be a list of texts.
_NEXT = r"(?:(?:\\{0,3}[\"'])?,?\s{1,3}(?:\\{0,3}[\"'])?|\\{0,3}[\"'],\\{0,3}[\"'])"
_COMMAND_WORD = r"[^\s\"';|&]{1,200}"
#: Programs, the option of these that takes a password, and what stands in its value before that.
_COMMANDS = (
    ("mysql mysqldump mysqladmin mysqlimport mysqlsh mysqlcheck mysqlbinlog mysqlslap", "-p", ""),
    ("mariadb mariadb-dump mariadb-admin mariadb-import mariadb-check 7z 7za 7zz rar unrar", "-p", ""),
    ("sshpass", rf"-p{_NEXT}?", ""),
    ("login", rf"-p(?:{_NEXT}|=)", ""),  # docker, podman, helm, az, oc
    (
        "mongo mongosh mongodump mongorestore cqlsh twine rabbitmqadmin rdesktop influx",
        rf"-p(?:assword)?(?:{_NEXT}|=)",
        "",
    ),
    ("redis-cli valkey-cli keydb-cli", rf"-a(?:{_NEXT}|=)", ""),
    ("sqlcmd bcp isql tsql unzip zip ipmitool mosquitto_pub mosquitto_sub", rf"-P{_NEXT}?", ""),
    ("ldapsearch ldapmodify ldapadd ldapdelete ldapwhoami ldappasswd", rf"-w{_NEXT}?", ""),
    ("plink pscp psftp", rf"-pw{_NEXT}", ""),
    ("keytool jarsigner apksigner", rf"-(?:[a-z]{{1,10}})?(?:store|key)pass{_NEXT}", ""),
    ("openssl", rf"-pass(?:in|out)?{_NEXT}", "pass:"),
    ("curl", rf"(?:-u|--user|-U|--proxy-user)(?:{_NEXT}|=)?", r"[^\s:\"'$<>]{1,64}:"),
    ("http xh", rf"(?:-a|--auth)(?:{_NEXT}|=)", r"[^\s:\"'$<>]{1,64}:"),
    ("smbclient rpcclient winexe", rf"(?:-U|--user)(?:{_NEXT}|=)?", r"[^\s%\"'$<>]{1,64}%"),
    ("lftp", rf"-u{_NEXT}", r"[^\s,\"'$<>]{1,64},"),
)
PROGRAMS = tuple(name for names, _, _ in _COMMANDS for name in names.split())
#: One of these is in every text that has one of them, in lower case.
PROGRAM_HINTS = tuple(
    f"{name} " if len(name) < 5 else name
    for name in PROGRAMS
    if not any(len(other) > 4 and other in name for other in PROGRAMS if other != name)
)
#: Only around an option that may be one of these; the program is at most so many characters before it.
PASSWORD_OPTION = re.compile(r"-(?<=[\s\"']-)(?:[paPwuU]|-user|-auth|-proxy-user|[a-z]{1,10}pass)")
LONGEST_COMMAND = 1024
COMMANDS = tuple(
    _pattern(
        "password",
        names,
        rf"(?<![\w-])(?:{names.replace(' ', '|')})(?:{_NEXT}(?!{option}){_COMMAND_WORD}){{0,20}}?{_NEXT}{option}[\"']?{before}"
        rf"{_NO_PLACEHOLDER}([^\s\"'<>$\\]{{4,256}})",
    )
    for names, option, before in _COMMANDS
)
#: The same, but only in values of variables: in prose and code these shapes mostly are no secrets.
IN_VALUES = (
    _pattern(
        "password",
        "= :",
        r"(?i:password|passwd|pwd|secret|api_?key|access_?token)[\"']?\s{0,3}[=:]\s{0,3}[\"']?([^\s\"',;&\[]{4,})",
    ),
    _pattern(
        "password",
        "=",
        r"(?<![A-Z0-9_])[A-Z0-9_]{0,64}(?:TOKEN|PASSWORD|SECRET|API_?KEY|PRIVATE_KEY)[A-Z0-9_]{0,64}=([^\s\"'\[]{4,})",
    ),
)

#: Parts of names of secrets; the short ones only where no letter is before them (compass, bypass).
NAME = (
    r"(?:passw(?:or)?d|passphrase|(?<![A-Za-z])(?:pass|pwd|dsn)|secret|token|credential"
    r"|(?:api|access|private|auth|account|encryption|signing|master|license|subscription)[_-]?key)"
)
#: A whole name of a secret.
SECRET_NAME = re.compile(rf"{NAME}s?(?:[_-][A-Za-z0-9_-]*)?\Z", re.IGNORECASE)
#: One of these is in every such name, in lower case.
NAME_WORDS = ("pass", "pwd", "dsn", "secret", "token", "credential", "key")
SECRET_WORDS = (*NAME_WORDS, "authorization", "bearer", "identified", "sig", "cookie")

QUOTE = r"\\{0,3}[\"']"
#: What is given to a name: ``= "…"``, ``: "…"``, ``=> '…'`` (the value in one of the first three groups), or plain up to
#: the end of the line (the value in the last). The value may itself hold assignments, so it is looked at, not taken.
ASSIGNED = re.compile(
    r"(?:=>|==?|:)(?=\s{0,3}[rbfuRBFU]{0,2}(?:\"\"(?=\")|''(?='))?"
    r"(?:\"([^\"\n]{4,4096})\"|'([^'\n]{4,4096})'|\\{1,3}[\"']([^\"'\n\\]{4,4096})\\{1,3}[\"'])"
    rf"|[ \t]{{0,8}}(?=([^\s\"'`,;<>(){{}}\[\]$\\]{{8,512}}))\4[ \t]{{0,8}}(?:#|\r?$|\\[rn]|{QUOTE}))",
    re.MULTILINE,
)
#: What may stand before the name of a plain assignment.
BEFORE_PLAIN = re.compile(
    r"(?:.*(?:\\n|[\"']))?[ \t>+|-]{0,16}(?:%env |env: |export |set |ENV )?[A-Za-z0-9_.-]{0,64}", re.IGNORECASE
)
