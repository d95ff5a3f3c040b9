"""Keys of the known kinds, their characters drawn at random: no key stands in a source."""

from __future__ import annotations

import base64
import random
import string
from collections.abc import Callable, Mapping

ALNUM = string.ascii_letters + string.digits
URL = ALNUM + "_-"
BASE64 = ALNUM + "+/"
HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + string.digits
BECH32 = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"

Draw = Callable[[str, int], str]


def draw_with(seed: str) -> Draw:
    """Draws characters, among them a letter and a digit where the alphabet has both, and no mark at either end."""
    source = random.Random(seed)

    def draw(alphabet: str, length: int) -> str:
        inner = [letter for letter in alphabet if letter.isalnum()]
        if length < 4:
            return "".join(source.choices(inner, k=length))
        letter = source.choice([character for character in inner if character.isalpha()])
        digit = source.choice([character for character in inner if character.isdigit()])
        middle = source.choices(alphabet, k=length - 4)
        middle.insert(source.randrange(min(40, len(middle)) + 1), letter)
        middle.insert(source.randrange(min(40, len(middle)) + 1), digit)
        return "".join([source.choice(inner), *middle, source.choice(inner)])

    return draw


#: Kind → the key's parts: a text as it is, or an alphabet and a length.
SHAPES: Mapping[str, tuple[str | tuple[str, int], ...]] = {
    "OpenAI": ("sk-", (ALNUM, 48)),
    "OpenAI project": ("sk-proj-", (URL, 150)),
    "Anthropic": ("sk-ant-api03-", (URL, 93), "-", (ALNUM, 6)),
    "OpenRouter": ("sk-or-v1-", (HEX, 64)),
    "Langfuse": ("sk-lf-", (HEX, 8), "-", (HEX, 4), "-", (HEX, 4), "-", (HEX, 4), "-", (HEX, 12)),
    "xAI": ("xai-", (ALNUM, 80)),
    "GitHub": ("ghp_", (ALNUM, 36)),
    "GitHub app": ("ghs_", (ALNUM, 36)),
    "GitHub fine-grained": ("github_pat_", (ALNUM, 22), "_", (ALNUM, 59)),
    "GitLab": ("glpat-", (URL, 20)),
    "GitLab runner, routable": ("glrtr-", (URL, 20)),
    "Gitea": ("gta_", (HEX, 40)),
    "Cursor": ("key_", (HEX, 64)),
    "LangSmith, first": ("ls__", (HEX, 32)),
    "AWS": ("AKIA", (UPPER, 16)),
    "AWS session": ("ASIA", (UPPER, 16)),
    "Slack bot": ("xoxb-", (string.digits + "1a", 12), "-", (ALNUM, 24)),
    "Slack app": ("xapp-1-", (UPPER, 11), "-", (HEX, 64)),
    "Google": ("AIza", (URL, 35)),
    "Google OAuth": ("ya29.", (URL, 60)),
    "Google client": ("GOCSPX-", (URL, 28)),
    "Hugging Face": ("hf_", (ALNUM, 34)),
    "Stripe": ("sk_live_", (ALNUM, 24)),
    "Stripe webhook": ("whsec_", (ALNUM, 32)),
    "npm": ("npm_", (ALNUM, 36)),
    "PyPI": ("pypi-AgEIcHlwaS5vcmc", (URL, 120)),
    "SendGrid": ("SG.", (URL, 22), ".", (URL, 43)),
    "Groq": ("gsk_", (ALNUM, 52)),
    "Replicate": ("r8_", (ALNUM, 37)),
    "Databricks": ("dapi", (HEX, 32)),
    "DigitalOcean": ("dop_v1_", (HEX, 64)),
    "Shopify": ("shpat_", (HEX, 32)),
    "Telegram": ("123456789:AA", (URL, 33)),
    "JSON Web Token": ("eyJ", (URL, 30), ".eyJ", (URL, 60), ".", (URL, 43)),
    "Google, new": ("AQ.", (URL, 50)),
    "AWS Bedrock": ("ABSK", (BASE64, 120)),
    "Azure AD": ((ALNUM, 3), "8Q~", (ALNUM + "_.~-", 34)),
    "Atlassian": ("ATATT3xFfGF0", (ALNUM + "_-=", 180)),
    "Bitbucket repository": ("ATCTT3", (ALNUM + "_-=", 180)),
    "Discord bot": ("MT", (ALNUM, 22), ".", (URL, 6), ".", (URL, 38)),
    "Discord webhook": ("https://discord.com/api/webhooks/12345678901234567/", (URL, 68)),
    "Slack webhook": ("https://hooks.slack.com/services/", (UPPER, 9), "/", (UPPER, 9), "/", (ALNUM, 24)),
    "Twilio": ("SK", (HEX, 32)),
    "Mailgun": ("key-", (HEX, 32)),
    "Resend": ("re_", (ALNUM, 8), "_", (ALNUM, 24)),
    "Docker Hub": ("dckr_pat_", (URL, 27)),
    "RubyGems": ("rubygems_", (HEX, 48)),
    "Heroku": ("HRKU-AA", (URL, 58)),
    "Fly.io": ("fm2_", (BASE64, 130)),
    "Supabase token": ("sbp_", (HEX, 40)),
    "Supabase key": ("sb_secret_", (URL, 31)),
    "Neon": ("napi_", (ALNUM, 64)),
    "Grafana": ("glsa_", (ALNUM, 32), "_", (HEX, 8)),
    "New Relic": ("NRAK-", (UPPER, 27)),
    "PostHog": ("phx_", (ALNUM, 43)),
    "Notion, older": ("secret_", (ALNUM, 43)),
    "Postman": ("PMAK-", (HEX, 24), "-", (HEX, 34)),
    "Vault": ("hvs.", (URL, 92)),
    "Terraform Cloud": ((ALNUM, 14), ".atlasv1.", (ALNUM, 67)),
    "1Password": ("ops_eyJ", (ALNUM + "_-", 260)),
    "Tailscale": ("tskey-auth-", (ALNUM, 12), "CNTRL-", (ALNUM, 32)),
    "Cloudflare": ("cfut_", (ALNUM, 40)),
    "Fireworks": ("fw_", (ALNUM, 24)),
    "Twitch": ("oauth:", (string.ascii_lowercase + string.digits, 30)),
    "LangSmith": ("lsv2_pt_", (HEX, 32), "_", (HEX, 10)),
    "W&B": ("wandb_v1_", (URL, 77)),
    "age": ("AGE-SECRET-KEY-1", (BECH32, 58)),
    "Brevo": ("xkeysib-", (HEX, 64), "-", (ALNUM, 16)),
    "CircleCI": ("CCIPAT_", (ALNUM, 22), "_", (HEX, 40)),
    "Doppler": ("dp.pt.", (ALNUM, 43)),
    "Pulumi": ("pul-", (HEX, 40)),
    "Sentry": ("sntryu_", (HEX, 64)),
    "1Password key": ("A3-", (UPPER, 6), "-", (UPPER, 11), "-", (UPPER, 5), "-", (UPPER, 5), "-", (UPPER, 5)),
    "Adobe": ("p8e-", (ALNUM, 32)),
    "Airtable": ("pat", (ALNUM, 14), ".", (HEX, 64)),
    "Alibaba": ("LTAI", (ALNUM, 20)),
    "Artifactory": ("AKCp", (ALNUM, 69)),
    "AWS Bedrock, short-term": ("bedrock-api-key-", (BASE64, 120)),
    "Axiom": ("xaat-", (HEX, 8), "-", (HEX, 4), "-", (HEX, 4), "-", (HEX, 4), "-", (HEX, 12)),
    "Azure AD, other years": ((ALNUM, 3), "7Q~", (ALNUM + "_.~-", 34)),
    "Azure OpenAI": ((ALNUM, 52), "JQQJ99", (ALNUM, 26)),
    "Azure storage": ((BASE64, 76), "+ASt", (ALNUM, 6), "=="),
    "Bitbucket": ("ATBB", (ALNUM, 32)),
    "ClickHouse": ("4b1d", (ALNUM, 38)),
    "Clojars": ("CLOJARS_", (ALNUM, 60)),
    "Cloudflare origin": ("v1.0-", (HEX, 24), "-", (HEX, 146)),
    "Contentful": ("CFPAT-", (URL, 43)),
    "crates.io": ("cio", (ALNUM, 32)),
    "Databricks OAuth": ("dose", (HEX, 32)),
    "DigitalOcean Spaces": ("DO00", (UPPER, 16)),
    "Doppler service": ("dp.st.dev.", (ALNUM, 43)),
    "Dropbox": ("sl.", (URL, 130)),
    "Duffel": ("duffel_live_", (ALNUM + "_=-", 43)),
    "ElevenLabs": ("sk_", (HEX, 48)),
    "Facebook": ("EAAM", (ALNUM, 120)),
    "Flutterwave": ("FLWSECK_TEST-", ("abcdefgh0123456789", 32), "-X"),
    "Frame.io": ("fio-u-", (ALNUM + "-_=", 64)),
    "GitLab runner": ("GR1348941", (URL, 20)),
    "Google refresh": ("1//0", (URL, 100)),
    "Grafana, older": ("eyJrIjoi", (ALNUM, 90)),
    "Grafana cloud": ("glc_", (ALNUM, 90)),
    "Harness": ("pat.", (URL, 22), ".", (ALNUM, 24), ".", (ALNUM, 20)),
    "Honeycomb": ("hcaik_01", ("abcdefghijklmnopqrstuvwxyz0123456789", 56)),
    "HubSpot": ("pat-na1-", (HEX, 8), "-", (HEX, 4), "-", (HEX, 4), "-", (HEX, 4), "-", (HEX, 12)),
    "Infracost": ("ico-", (ALNUM, 32)),
    "Jina": ("jina_", (HEX, 32), (URL, 28)),
    "Linear": ("lin_oauth_", (HEX, 64)),
    "Mailchimp": ((HEX, 32), "-us12"),
    "Mapbox": ("sk.eyJ1Ijoi", (ALNUM, 60), ".", (URL, 22)),
    "MaxMind": ((ALNUM, 6), "_", (ALNUM, 29), "_mmk"),
    "Modal": ("ak-", ("ABCDEFabcdef0123456789", 22)),
    "New Relic, ingest": ("NRII-", (URL, 32)),
    "ngrok": ("2", (ALNUM, 26), "_", (ALNUM, 21)),
    "NuGet": ("oy2", ("abcdefghijklmnopqrstuvwxyz0123456789", 43)),
    "Octopus": ("API-", (UPPER, 26)),
    "OpenShift": ("sha256~", (URL, 43)),
    "PayPal": ("access_token$production$", (HEX, 16), "$", (HEX, 32)),
    "Plaid": ("access-sandbox-", (HEX, 8), "-", (HEX, 4), "-", (HEX, 4), "-", (HEX, 4), "-", (HEX, 12)),
    "Razorpay": ("rzp_live_", (ALNUM, 14)),
    "ReadMe": ("rdme_", ("abcdefghijklmnopqrstuvwxyz0123456789", 70)),
    "Scalingo": ("tk-us-", (URL, 48)),
    "SettleMint": ("sm_pat_", (ALNUM, 16)),
    "Shippo": ("shippo_live_", (HEX, 40)),
    "Slack trigger": ("https://hooks.slack.com/triggers/", (ALNUM, 11), "/", (HEX, 13), "/", (HEX, 32)),
    "Sourcegraph": ("sgp_", (HEX, 16), "_", (HEX, 40)),
    "Stripe, prod": ("sk_prod_", (ALNUM, 40)),
    "Trello": ("ATTA", (HEX, 64)),
    "Vault, older": ("s.", ("ABCDEFabcdef0123456789", 24)),
    "Vercel": ("vcp_", (ALNUM, 24)),
    "Yandex": ("AQVN", (URL, 36)),
    "Yandex IAM": ("t1.", (URL, 200), ".", (URL, 86)),
    "Yandex static": ("YC", (URL, 38)),
    "Trello, 72": ("ATTA", (HEX, 72)),
    "Kaggle": ("KGAT_", (HEX, 32)),
    "Snyk": ("snyk_uat.", (HEX, 8), ".", (URL, 60)),
    "Convex": ("prod:happy-animal-123|", (BASE64, 80)),
    "Convex, preview": ("preview:team-name:project-name|", (BASE64, 80)),
    "Stripe-like, prod": ("sk_prod_", (URL, 32)),
    "WakaTime": ("waka_", (HEX, 8), "-", (HEX, 4), "-", (HEX, 4), "-", (HEX, 4), "-", (HEX, 12)),
    "Rootly": ("rootly_", (HEX, 64)),
    "Endor Labs": ("endr+", (ALNUM, 16)),
    "of a service not known": ("abc_xyz_", (ALNUM, 40)),
}


def secret_key(kind: str, seed: str = "") -> tuple[str, str]:
    """A key of a kind, and the part of it that must not be left."""
    draw = draw_with(kind + seed)
    parts = [part if isinstance(part, str) else draw(*part) for part in SHAPES[kind]]
    drawn = [text for text, part in zip(parts, SHAPES[kind], strict=True) if not isinstance(part, str)]
    return "".join(parts), drawn[-1][:16]


def secret_forms(seed: str = "") -> dict[str, tuple[str, str]]:
    """Texts that have a secret by their form, and that secret."""
    draw = draw_with(seed)
    password, line, hexadecimal, fernet = draw(ALNUM, 14), draw(BASE64, 64), draw(HEX, 32), draw(URL, 43)
    basic = base64.b64encode(f"bob:{password}".encode()).decode()
    putty = f"PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 2\n{line}\n{draw(BASE64, 24)}=\n"
    return {
        "MercadoPago": (f"APP_USR-5361386623556752-334108-{hexadecimal}-840101234", hexadecimal),
        "Fireworks, no digit in it": ("fw_nCHfWLcozCsCvNtRjfOFZlyF", "nCHfWLcozCsCvNtR"),
        "Square, no digit in it": ("sq0atp-wtaqU-EVRWGczaHhwNJPGE", "wtaqU-EVRWGczaHh"),
        "a variable before a command": (f"PGPASSWORD={password} psql -h db.example.com shop", password),
        "a variable before a command, in code": (f"`MYSQL_PWD={password} mysqldump shop`", password),
        "a variable alone": (f"docker run -e API_KEY={password} image", password),
        "kubectl": (f"kubectl create secret generic db --from-literal=password={password}", password),
        "helm": (f"helm install shop chart --set db.password={password} --wait", password),
        "Java": (f"java -Djavax.net.ssl.keyStorePassword={password} -jar a.jar", password),
        "a token behind #": (f"https://example.com/callback#access_token={password}&state=1", password),
        "a signed address": (
            f"https://b.example.com/a?X-Amz-Expires=60&X-Amz-Signature={hexadecimal}{hexadecimal}",
            hexadecimal,
        ),
        "Fernet": (f"box = Fernet('{fernet}=')", fernet),
        "Ansible": (f"db ansible_host=10.0.0.1 ansible_ssh_pass={password} ansible_user=bob", password),
        "PuTTY key": (f"{putty}Private-MAC: {draw(HEX, 64)}", line),
        "libpq, host first": (f"host=db.example.com user=bob password={password} dbname=x", password),
        "libpq, password first": (f"password={password} host=db.example.com", password),
        "libpq, client key": (f"host=db.example.com sslkey=k.pem sslpassword={password}", password),
        "Cookie": (f"Cookie: sessionid={password}; csrftoken=x", password),
        "Cookie, second": (f"Cookie: theme=light; sessionid={password}", password),
        "Set-Cookie": (f"Set-Cookie: session={password}; HttpOnly", password),
        "sshpass": (f"sshpass -p {password} ssh bob@example.com", password),
        "mysql -p": (f"mysql -h db.example.com -u bob -p{password} shop", password),
        "mysqldump -p": (f"mysqldump -p'{password}' shop", password),
        "mariadb -p": (f"mariadb -u bob -p{password} shop", password),
        "mysql, by its path": (f"/usr/bin/mysql -ubob -p{password} -h db.example.com", password),
        "docker login -p": (f"docker login -u bob -p {password} registry.example.com", password),
        "podman login, in a list": (f"run(['podman', 'login', '-u', 'bob', '-p', '{password}'])", password),
        "helm registry login": (f"helm registry login registry.example.com -u bob -p {password}", password),
        "az login": (f"az login --service-principal -u app -p {password} --tenant t", password),
        "redis-cli -a": (f"redis-cli -h cache.example.com -a {password} ping", password),
        "redis-cli --pass": (f"redis-cli -h cache.example.com --pass {password} ping", password),
        "mongosh -p": (f"mongosh db.example.com/shop -u bob -p {password}", password),
        "sqlcmd -P": (f"sqlcmd -S db.example.com -U bob -P {password} -Q q", password),
        "unzip -P": (f"!unzip -P {password} data.zip", password),
        "7z -p": (f"7z x -p{password} data.7z", password),
        "ldapsearch -w": (f"ldapsearch -x -D cn=bob -w {password} -b dc=example", password),
        "plink -pw": (f"plink -ssh bob@example.com -pw {password} ls", password),
        "keytool": (f"keytool -list -keystore k.jks -storepass {password}", password),
        "openssl": (f"openssl enc -d -aes256 -in a -pass pass:{password}", password),
        "gpg": (f"gpg --batch --passphrase {password} -d a.gpg", password),
        "http -a": (f"http -a bob:{password} example.com/a", password),
        "smbclient": (f"smbclient //files/share -U bob%{password}", password),
        "lftp": (f"lftp -u bob,{password} example.com", password),
        "twine": (f"twine upload dist/a.whl -u bob -p {password}", password),
        "wget": (f"wget --user=bob --http-password={password} https://example.com/a", password),
        ".pgpass": (f"db.example.com:5432:shop:bob:{password}", password),
        ".pgpass, any": (f"*:*:*:bob:{password}", password),
        "Azure storage, key first": (f"AccountKey={line}==;AccountName=shop", line),
        ".npmrc": (f"//registry.npmjs.org/:_authToken={draw(HEX, 8)}-{password}", password),
        "curl -u": (f"curl -s -u bob:{password} https://example.com", password),
        "curl --user": (f"curl https://example.com --user bob:{password}", password),
        "X-Api-Key": (f"send X-Api-Key: {password} with it", password),
        "X-Api-Key in code": (f"`X-Api-Key: {password}`", password),
        "X-Auth-Token": (f"headers = {{'X-Auth-Token': '{password}'}}", password),
        **_key_data(draw),
        **_password_hashes(draw),
        "docker, auth": (f'"auths": {{"ghcr.io": {{"auth": "{basic}"}}}}', basic),
        "docker, auth on its lines": (f'\t"ghcr.io": {{\n\t\t"auth": "{basic}"\n\t}}', basic),
        "podman, auth in a dict": (f"{{'quay.io': {{'auth': '{basic}'}}}}", basic),
        ".npmrc, _auth": (f"_auth = {basic}", basic),
        ".npmrc, _password": (f"//npm.example.com/:_password={basic}", basic),
        "Basic": (f"value = 'Basic {basic}'", basic),
        "Okta": (f"value = 'SSWS 00{(token := draw(URL, 40))}'", token),
        "bundler": (f"BUNDLE_ENTERPRISE__CONTRIBSYS__COM={draw(HEX, 8)}:{(half := draw(HEX, 8))}", half),
        "NuGet": (f'<add key="ClearTextPassword" value="{password}" />', password),
        "Maven": (f"<server><id>a</id><password>{password}</password></server>", password),
        "JSON Web Key": (f'{{"kty": "EC", "crv": "P-256", "d": "{(key := draw(URL, 43))}"}}', key),
        "MySQL, native hash": (f"IDENTIFIED WITH mysql_native_password AS '*{(hashed := draw(HEX, 40))}'", hashed),
        "net use, password first": (f"net use Z: \\\\\\\\files\\\\share {password} /user:bob", password),
        "net use, user first": (f"net use \\\\\\\\files\\\\share /user:CORP\\\\bob {password}", password),
        "kinit": (f"echo {password} | kinit bob@EXAMPLE.COM", password),
        "kinit, quoted": (f"!echo '{password}' | kinit bob", password),
        "sudo": (f"echo {password} | sudo -S apt-get update", password),
        "htpasswd": (f"htpasswd -b .htpasswd bob {password}", password),
        "htpasswd, new file": (f"htpasswd -cb .htpasswd bob {password}", password),
        "htpasswd, shown": (f"htpasswd -nbB -C 12 bob {password}", password),
        "requests, auth": (f"requests.get(url, auth=('bob', '{password}'))", password),
        "requests, auth spaced": (f'session.auth = ("bob", "{password}")', password),
        "HTTPBasicAuth": (f"get(url, auth=HTTPBasicAuth('bob','{password}'))", password),
        "SMTP login": (f"server.login('bob@example.com', '{password}')", password),
        "sqlplus": (f"sqlplus -S bob/{password}@db.example.com/shop", password),
        "snow": (f"snow sql --private-key-passphrase {password} -q q", password),
        "a service's key": (f'ALGOLIA_ADMIN = "{(plain := draw(ALNUM, 32))}"', plain),
        "a service's key, a UUID": (
            f"heroku: '{draw(HEX, 8)}-{draw(HEX, 4)}-{draw(HEX, 4)}-{draw(HEX, 4)}-{(last := draw(HEX, 12))}'",
            last,
        ),
    }


def _key_data(draw: Draw) -> dict[str, tuple[str, str]]:
    """Private keys in Base64, as kubeconfig has them."""
    found = {}
    for kind in ("", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "):
        pem = f"-----BEGIN {kind}PRIVATE KEY-----\n{draw(BASE64, 64)}\n{draw(BASE64, 64)}\n-----END {kind}PRIVATE KEY-----\n"
        data = base64.b64encode(pem.encode()).decode()
        found[f"kubeconfig, {kind}key"] = (f"    client-key-data: {data}", data[60:])
    return {**found, "key without its line": (f"key: MIIEvQIBADANBgkqhkiG9w0BAQEF{(body := draw(BASE64, 400))}", body)}


def _password_hashes(draw: Draw) -> dict[str, tuple[str, str]]:
    """Password hashes as /etc/shadow, htpasswd, databases and libraries keep them, and the part that must not leave."""
    crypt = f"./{ALNUM}"
    before = {
        "SHA-512": (f"root:$6${draw(crypt, 16)}$", crypt, 86),
        "SHA-512, rounds": (f"$6$rounds=5000${draw(ALNUM, 16)}$", crypt, 86),
        "SHA-256": (f"$5${draw(crypt, 16)}$", crypt, 43),
        "MD5": (f"bob:$1${draw(crypt, 8)}$", crypt, 22),
        "yescrypt": (f"bob:$y$j9T${draw(crypt, 22)}$", crypt, 43),
        "bcrypt": ("bob:$2b$12$", crypt, 53),
        "bcrypt, in a compose file": ("bob:$$2y$$05$$", crypt, 53),
        "apr1": (f"bob:$apr1${draw(crypt, 8)}$", crypt, 22),
        "argon2": (f"argon2:$argon2id$v=19$m=65536,t=3,p=4${draw(BASE64, 22)}$", BASE64, 43),
        "Django": (f"pbkdf2_sha256$600000${draw(ALNUM, 22)}$", BASE64, 43),
        "passlib": (f"$pbkdf2-sha256$29000${draw(crypt, 22)}$", crypt, 43),
        "werkzeug": (f"scrypt:32768:8:1${draw(ALNUM, 16)}$", HEX, 128),
        "PostgreSQL": (f"SCRAM-SHA-256$4096:{draw(BASE64, 22)}==$", BASE64, 43),
        "LDAP": ("userPassword: {SSHA}", BASE64, 38),
        "phpass": ("$P$B", crypt, 30),
        "Jupyter": (f"sha1:{draw(HEX, 12)}:", HEX, 40),
    }
    hashes = {name: (start, draw(alphabet, length)) for name, (start, alphabet, length) in before.items()}
    return {f"hash, {name}": (f"{start}{end}", end) for name, (start, end) in hashes.items()}


#: Texts that look like secrets and are none.
HARMLESS = (
    "self._auth = HTTPBasicAuthHandler2(); the basic ingredients1 of it; {'auth': 'none'}; $1$2 and $6$ cost more",
    "algolia_index = 'documentation_of_the_package_2024'; heroku_url = 'https://shop-1234567890abcdef.herokuapp.com'",
    '<input name="username" value="bob"/> <token>words</token> {"d": "M150 0 L75 200 L225 200 Z"}',
    "kind: Secret santa, data: none; sha512-" + "Ab3De6Gh9Jk2Mn5Pq8St1Vw4Yz7Bc0Df3Gh6" + "==",
    "article sk-204115-blue-cotton-shirt-large is sold out",
    "pip install xai-explainable-models-2024-toolkit",
    "pass_rate = 0.93",
    "3f2b8c1e-9d4a-4c57-8b21-7f6e5d4c3b2a",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "secret_santa_participants_list_for_december_2024 = names",
    "feature_importance_scores_2024 = compute_score_matrix(data)",
    "the cookie: a small text; curl is a program, sshpass too",
    "df.user == 'bob' and host = 'localhost'",
    "connect(host=host, user=user, password=password)",
    "key-value-store-benchmark-results-2024",
    "phx_model = lsv2_config.fw_settings",
    "fw_averageOfValuesInColumns = 1; oauth:authorization_code; oauth: read_write",
    "MAX_TOKEN=10 EOS_TOKEN=eos_token API_KEY=$KEY DB_PASSWORD=<password> run",
    "mysql -u bob -p < dump.sql; docker run -p 8080:80 image; redis-cli -a",
    "0.0.0.0:5432->5432/tcp, test_the_Float32Array_of_WebGL2RenderingContext",
    "docker run -p 8080:8080 -u 1000:1000 image; docker compose -p project up; zip -r out.zip data -x '*.pyc'",
    "docker login -u bob -p $TOKEN; redis-cli -a <password>; mysql -u bob -pPASSWORD shop; mongosh -p",
    "curl -u $USER:$TOKEN https://example.com; unzip -p data.zip a.csv; mkdir -p some/long/folder; ssh -p 2222 host",
    "git commit -a -m 'http is a protocol'; sort -u names.txt; grep -w word file.txt; cp -a from_here to_there",
    "chatcmpl-" + "Ab3De6Gh9Jk2Mn5Pq8St1Vw4Yz7Bc0",
    "sha512-" + "Ab3De6Gh9Jk2Mn5Pq8St1Vw4Yz7Bc0Df3Gh6",
    "echo 'runas /user:bob notepad.exe'; echo y | sudo -S ls; echo $PW | kinit bob; net use; net use Z: /delete; net income, the use of a share",
    "htpasswd -b .htpasswd bob $PW; htpasswd -c .htpasswd bob; sqlplus /nolog; sqlplus bob@db; sqlplus bob/$PW@db",
    "get(url, auth=('user', 'password')); get(url, auth=(user, password)); get(url, auth=None); client.login(user, password)",
    "prod:happy-animal|other words; waka_waka_2024; t1.join(t2); YCbCr_to_RGB_conversion_of_all_the_images_2024 = YCX",
    "endr+1; rootly_incidents_2024; /user:bob /persistent:yes; getRequest('/user:id /accounts')",
    "self.s.computeTheFeatureImportance = live_and_test_scores_2024",
)
