"""Tokens that have a mark of their own, by the rules of gitleaks 8.30.1 (MIT License, Copyright (c) 2019 Zachary Rice).

Made by scripts/secret_shapes.py. A rule: its id, what a text must hold in small letters for it to be asked, its pattern.
"""

# The patterns are under the MIT License, Copyright (c) 2019 Zachary Rice:
#
# Permission is hereby granted, free of charge, to any person obtaining a copy
# of this software and associated documentation files (the "Software"), to deal
# in the Software without restriction, including without limitation the rights
# to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
# copies of the Software, and to permit persons to whom the Software is
# furnished to do so, subject to the following conditions:
#
# The above copyright notice and this permission notice shall be included in all
# copies or substantial portions of the Software.
#
# THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
# IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
# FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
# AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
# LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
# OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
# SOFTWARE.

# fmt: off
# ruff: noqa: E501
RULES: tuple[tuple[str, tuple[str, ...], str], ...] = (('1password-secret-key', ('a3-',), '(?<![A-Za-z0-9])A3-[A-Z0-9]{6}-(?:(?:[A-Z0-9]{11})|(?:[A-Z0-9]{6}-[A-Z0-9]{5}))-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5}\\b'),
 ('1password-service-account-token', ('ops_',), '(?<![A-Za-z0-9])ops_eyJ[a-zA-Z0-9+/]{250,}={0,3}'),
 ('adobe-client-secret', ('p8e-',), '(?<![A-Za-z0-9])(p8e-(?i:[a-z0-9]{32}))(?![A-Za-z0-9])'),
 ('age-secret-key', ('age-secret-key-1',), '(?<![A-Za-z0-9])AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}'),
 ('airtable-personnal-access-token', ('airtable',), '(?<![A-Za-z0-9])(pat[A-Za-z0-9]{14}\\.[a-f0-9]{64})\\b'),
 ('alibaba-access-key-id', ('ltai',), '(?<![A-Za-z0-9])(LTAI(?i:[a-z0-9]{20}))(?![A-Za-z0-9])'),
 ('anthropic-admin-api-key', ('sk-ant-admin01',), '(?<![A-Za-z0-9])(sk-ant-admin01-[a-zA-Z0-9_\\-]{93}AA)(?![A-Za-z0-9])'),
 ('anthropic-api-key', ('sk-ant-api03',), '(?<![A-Za-z0-9])(sk-ant-api03-[a-zA-Z0-9_\\-]{93}AA)(?![A-Za-z0-9])'),
 ('artifactory-api-key', ('akcp',), '(?<![A-Za-z0-9])AKCp[A-Za-z0-9]{69}\\b'),
 ('artifactory-reference-token', ('cmvmd',), '(?<![A-Za-z0-9])cmVmd[A-Za-z0-9]{59}\\b'),
 ('authress-service-client-access-key', ('sc_', 'ext_', 'scauth_', 'authress_'), '(?<![A-Za-z0-9])((?:sc|ext|scauth|authress)_(?i:[a-z0-9]{5,30}\\.[a-z0-9]{4,6}\\.(?-i:acc)[_-][a-z0-9-]{10,32}\\.[a-z0-9+/_=-]{30,120}))(?![A-Za-z0-9])'),
 ('aws-access-token', ('a3t', 'akia', 'asia', 'abia', 'acca'), '(?<![A-Za-z0-9])((?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})\\b'),
 ('aws-amazon-bedrock-api-key-long-lived', ('absk',), '(?<![A-Za-z0-9])(ABSK[A-Za-z0-9+/]{109,269}={0,2})(?![A-Za-z0-9])'),
 ('aws-amazon-bedrock-api-key-short-lived', ('bedrock-api-key-',), '(?<![A-Za-z0-9])bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t'),
 ('azure-ad-client-secret', ('q~',), '(?<![A-Za-z0-9])(?:^|[\\\\\'"`\\s>=:(,)])([a-zA-Z0-9_~.]{3}\\dQ~[a-zA-Z0-9_~.-]{31,34})(?:$|[\\\\\'"`\\s<),])'),
 ('clickhouse-cloud-api-secret-key', ('4b1d',), '(?<![A-Za-z0-9])(4b1d[A-Za-z0-9]{38})\\b'),
 ('clojars-api-token', ('clojars_',), '(?i)(?<![A-Za-z0-9])CLOJARS_[a-z0-9]{60}'),
 ('cloudflare-origin-ca-key', ('cloudflare', 'v1.0-'), '(?<![A-Za-z0-9])(v1\\.0-[a-f0-9]{24}-[a-f0-9]{146})(?![A-Za-z0-9])'),
 ('databricks-api-token', ('dapi',), '(?<![A-Za-z0-9])(dapi[a-f0-9]{32}(?:-\\d)?)(?![A-Za-z0-9])'),
 ('digitalocean-access-token', ('doo_v1_',), '(?<![A-Za-z0-9])(doo_v1_[a-f0-9]{64})(?![A-Za-z0-9])'),
 ('digitalocean-pat', ('dop_v1_',), '(?<![A-Za-z0-9])(dop_v1_[a-f0-9]{64})(?![A-Za-z0-9])'),
 ('digitalocean-refresh-token', ('dor_v1_',), '(?i)(?<![A-Za-z0-9])(dor_v1_[a-f0-9]{64})(?![A-Za-z0-9])'),
 ('doppler-api-token', ('dp.pt.',), '(?<![A-Za-z0-9])dp\\.pt\\.(?i:[a-z0-9]{43})'),
 ('duffel-api-token', ('duffel_',), '(?<![A-Za-z0-9])duffel_(?:test|live)_(?i:[a-z0-9_\\-=]{43})'),
 ('dynatrace-api-token', ('dt0c01.',), '(?<![A-Za-z0-9])dt0c01\\.(?i:[a-z0-9]{24}\\.[a-z0-9]{64})'),
 ('easypost-api-token', ('ezak',), '(?<![A-Za-z0-9])EZAK(?i:[a-z0-9]{54}\\b)'),
 ('easypost-test-api-token', ('eztk',), '(?<![A-Za-z0-9])EZTK(?i:[a-z0-9]{54}\\b)'),
 ('facebook-page-access-token', ('eaam', 'eaac'), '(?<![A-Za-z0-9])(EAA[MC](?i:[a-z0-9]{100,}))(?![A-Za-z0-9])'),
 ('flutterwave-encryption-key', ('flwseck_test',), '(?<![A-Za-z0-9])FLWSECK_TEST-(?i:[a-h0-9]{12})'),
 ('flutterwave-public-key', ('flwpubk_test',), '(?<![A-Za-z0-9])FLWPUBK_TEST-(?i:[a-h0-9]{32}-X)'),
 ('flutterwave-secret-key', ('flwseck_test',), '(?<![A-Za-z0-9])FLWSECK_TEST-(?i:[a-h0-9]{32}-X)'),
 ('flyio-access-token', ('fo1_', 'fm1', 'fm2_'), '(?<![A-Za-z0-9])((?:fo1_[\\w-]{43}|fm1[ar]_[a-zA-Z0-9+\\/]{100,}={0,3}|fm2_[a-zA-Z0-9+\\/]{100,}={0,3}))(?![A-Za-z0-9])'),
 ('frameio-api-token', ('fio-u-',), '(?<![A-Za-z0-9])fio-u-(?i:[a-z0-9\\-_=]{64})'),
 ('gcp-api-key', ('aiza',), '(?<![A-Za-z0-9])(AIza[\\w-]{35})(?![A-Za-z0-9])'),
 ('github-app-token', ('ghu_', 'ghs_'), '(?<![A-Za-z0-9])(?:ghu|ghs)_[0-9a-zA-Z]{36}'),
 ('github-fine-grained-pat', ('github_pat_',), '(?<![A-Za-z0-9])github_pat_\\w{82}'),
 ('github-oauth', ('gho_',), '(?<![A-Za-z0-9])gho_[0-9a-zA-Z]{36}'),
 ('github-pat', ('ghp_',), '(?<![A-Za-z0-9])ghp_[0-9a-zA-Z]{36}'),
 ('github-refresh-token', ('ghr_',), '(?<![A-Za-z0-9])ghr_[0-9a-zA-Z]{36}'),
 ('gitlab-cicd-job-token', ('glcbt-',), '(?<![A-Za-z0-9])glcbt-[0-9a-zA-Z]{1,5}_[0-9a-zA-Z_-]{20}'),
 ('gitlab-deploy-token', ('gldt-',), '(?<![A-Za-z0-9])gldt-[0-9a-zA-Z_\\-]{20}'),
 ('gitlab-feature-flag-client-token', ('glffct-',), '(?<![A-Za-z0-9])glffct-[0-9a-zA-Z_\\-]{20}'),
 ('gitlab-feed-token', ('glft-',), '(?<![A-Za-z0-9])glft-[0-9a-zA-Z_\\-]{20}'),
 ('gitlab-incoming-mail-token', ('glimt-',), '(?<![A-Za-z0-9])glimt-[0-9a-zA-Z_\\-]{25}'),
 ('gitlab-kubernetes-agent-token', ('glagent-',), '(?<![A-Za-z0-9])glagent-[0-9a-zA-Z_\\-]{50}'),
 ('gitlab-oauth-app-secret', ('gloas-',), '(?<![A-Za-z0-9])gloas-[0-9a-zA-Z_\\-]{64}'),
 ('gitlab-pat', ('glpat-',), '(?<![A-Za-z0-9])glpat-[\\w-]{20}'),
 ('gitlab-pat-routable', ('glpat-',), '(?<![A-Za-z0-9])glpat-[0-9a-zA-Z_-]{27,300}\\.[0-9a-z]{2}[0-9a-z]{7}\\b'),
 ('gitlab-ptt', ('glptt-',), '(?<![A-Za-z0-9])glptt-[0-9a-f]{40}'),
 ('gitlab-rrt', ('gr1348941',), '(?<![A-Za-z0-9])GR1348941[\\w-]{20}'),
 ('gitlab-runner-authentication-token', ('glrt-',), '(?<![A-Za-z0-9])glrt-[0-9a-zA-Z_\\-]{20}'),
 ('gitlab-runner-authentication-token-routable', ('glrt-',), '(?<![A-Za-z0-9])glrt-t\\d_[0-9a-zA-Z_\\-]{27,300}\\.[0-9a-z]{2}[0-9a-z]{7}\\b'),
 ('gitlab-scim-token', ('glsoat-',), '(?<![A-Za-z0-9])glsoat-[0-9a-zA-Z_\\-]{20}'),
 ('gitlab-session-cookie', ('_gitlab_session=',), '(?<![A-Za-z0-9])_gitlab_session=[0-9a-z]{32}'),
 ('grafana-api-key', ('eyjrijoi',), '(?i)(?<![A-Za-z0-9])(eyJrIjoi[A-Za-z0-9]{70,400}={0,3})(?![A-Za-z0-9])'),
 ('grafana-cloud-api-token', ('glc_',), '(?i)(?<![A-Za-z0-9])(glc_[A-Za-z0-9+/]{32,400}={0,3})(?![A-Za-z0-9])'),
 ('grafana-service-account-token', ('glsa_',), '(?i)(?<![A-Za-z0-9])(glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8})(?![A-Za-z0-9])'),
 ('harness-api-key', ('pat.', 'sat.'), '(?<![A-Za-z0-9])(?:pat|sat)\\.[a-zA-Z0-9_-]{22}\\.[a-zA-Z0-9]{24}\\.[a-zA-Z0-9]{20}'),
 ('hashicorp-tf-api-token', ('atlasv1',), '(?i)(?<![A-Za-z0-9])[a-z0-9]{14}\\.(?-i:atlasv1)\\.[a-z0-9\\-_=]{60,70}'),
 ('heroku-api-key-v2', ('hrku-aa',), '(?<![A-Za-z0-9])((HRKU-AA[0-9a-zA-Z_-]{58}))(?![A-Za-z0-9])'),
 ('huggingface-access-token', ('hf_',), '(?<![A-Za-z0-9])(hf_(?i:[a-z]{34}))(?![A-Za-z0-9])'),
 ('huggingface-organization-api-token', ('api_org_',), '(?<![A-Za-z0-9])(api_org_(?i:[a-z]{34}))(?![A-Za-z0-9])'),
 ('infracost-api-token', ('ico-',), '(?<![A-Za-z0-9])(ico-[a-zA-Z0-9]{32})(?![A-Za-z0-9])'),
 ('intra42-client-secret', ('intra', 's-s4t2ud-', 's-s4t2af-'), '(?<![A-Za-z0-9])(s-s4t2(?:ud|af)-(?i:[abcdef0123456789]{64}))(?![A-Za-z0-9])'),
 ('linear-api-key', ('lin_api_',), '(?<![A-Za-z0-9])lin_api_(?i:[a-z0-9]{40})'),
 ('maxmind-license-key', ('_mmk',), '(?<![A-Za-z0-9])([A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk)(?![A-Za-z0-9])'),
 ('microsoft-teams-webhook', ('webhook.office.com', 'webhookb2', 'incomingwebhook'), '(?<![A-Za-z0-9])https://[a-z0-9]+\\.webhook\\.office\\.com/webhookb2/[a-z0-9]{8}-([a-z0-9]{4}-){3}[a-z0-9]{12}@[a-z0-9]{8}-([a-z0-9]{4}-){3}[a-z0-9]{12}/IncomingWebhook/[a-z0-9]{32}/[a-z0-9]{8}-([a-z0-9]{4}-){3}[a-z0-9]{12}'),
 ('notion-api-token', ('ntn_',), '(?<![A-Za-z0-9])(ntn_[0-9]{11}[A-Za-z0-9]{32}[A-Za-z0-9]{3})(?![A-Za-z0-9])'),
 ('npm-access-token', ('npm_',), '(?i)(?<![A-Za-z0-9])(npm_[a-z0-9]{36})(?![A-Za-z0-9])'),
 ('octopus-deploy-api-key', ('api-',), '(?<![A-Za-z0-9])(API-[A-Z0-9]{26})(?![A-Za-z0-9])'),
 ('openai-api-key', ('t3blbkfj',), '(?<![A-Za-z0-9])(sk-(?:proj|svcacct|admin)-(?:[A-Za-z0-9_-]{74}|[A-Za-z0-9_-]{58})T3BlbkFJ(?:[A-Za-z0-9_-]{74}|[A-Za-z0-9_-]{58})\\b|sk-[a-zA-Z0-9]{20}T3BlbkFJ[a-zA-Z0-9]{20})(?![A-Za-z0-9])'),
 ('openshift-user-token', ('sha256~',), '(?<![A-Za-z0-9])(sha256~[\\w-]{43})(?![A-Za-z0-9])'),
 ('perplexity-api-key', ('pplx-',), '(?<![A-Za-z0-9])(pplx-[a-zA-Z0-9]{48})(?![A-Za-z0-9])'),
 ('planetscale-api-token', ('pscale_tkn_',), '(?<![A-Za-z0-9])(pscale_tkn_(?i:[\\w=\\.-]{32,64}))(?![A-Za-z0-9])'),
 ('planetscale-oauth-token', ('pscale_oauth_',), '(?<![A-Za-z0-9])(pscale_oauth_[\\w=\\.-]{32,64})(?![A-Za-z0-9])'),
 ('planetscale-password', ('pscale_pw_',), '(?i)(?<![A-Za-z0-9])(pscale_pw_(?i:[\\w=\\.-]{32,64}))(?![A-Za-z0-9])'),
 ('postman-api-token', ('pmak-',), '(?<![A-Za-z0-9])(PMAK-(?i:[a-f0-9]{24}\\-[a-f0-9]{34}))(?![A-Za-z0-9])'),
 ('prefect-api-token', ('pnu_',), '(?<![A-Za-z0-9])(pnu_[a-zA-Z0-9]{36})(?![A-Za-z0-9])'),
 ('pulumi-api-token', ('pul-',), '(?<![A-Za-z0-9])(pul-[a-f0-9]{40})(?![A-Za-z0-9])'),
 ('pypi-upload-token', ('pypi-ageichlwas5vcmc',), '(?<![A-Za-z0-9])pypi-AgEIcHlwaS5vcmc[\\w-]{50,1000}'),
 ('readme-api-token', ('rdme_',), '(?<![A-Za-z0-9])(rdme_[a-z0-9]{70})(?![A-Za-z0-9])'),
 ('rubygems-api-token', ('rubygems_',), '(?<![A-Za-z0-9])(rubygems_[a-f0-9]{48})(?![A-Za-z0-9])'),
 ('scalingo-api-token', ('tk-us-',), '(?<![A-Za-z0-9])(tk-us-[\\w-]{48})(?![A-Za-z0-9])'),
 ('sendgrid-api-token', ('sg.',), '(?<![A-Za-z0-9])(SG\\.(?i:[a-z0-9=_\\-\\.]{66}))(?![A-Za-z0-9])'),
 ('sendinblue-api-token', ('xkeysib-',), '(?<![A-Za-z0-9])(xkeysib-[a-f0-9]{64}\\-(?i:[a-z0-9]{16}))(?![A-Za-z0-9])'),
 ('sentry-org-token', ('sntrys_eyjpyxqio',), '(?<![A-Za-z0-9])sntrys_eyJpYXQiO[a-zA-Z0-9+/]{10,200}(?:LCJyZWdpb25fdXJs|InJlZ2lvbl91cmwi|cmVnaW9uX3VybCI6)[a-zA-Z0-9+/]{10,200}={0,2}_[a-zA-Z0-9+/]{43}(?![A-Za-z0-9])'),
 ('sentry-user-token', ('sntryu_',), '(?<![A-Za-z0-9])(sntryu_[a-f0-9]{64})(?![A-Za-z0-9])'),
 ('settlemint-application-access-token', ('sm_aat',), '(?<![A-Za-z0-9])(sm_aat_[a-zA-Z0-9]{16})(?![A-Za-z0-9])'),
 ('settlemint-personal-access-token', ('sm_pat',), '(?<![A-Za-z0-9])(sm_pat_[a-zA-Z0-9]{16})(?![A-Za-z0-9])'),
 ('settlemint-service-access-token', ('sm_sat',), '(?<![A-Za-z0-9])(sm_sat_[a-zA-Z0-9]{16})(?![A-Za-z0-9])'),
 ('shippo-api-token', ('shippo_',), '(?<![A-Za-z0-9])(shippo_(?:live|test)_[a-fA-F0-9]{40})(?![A-Za-z0-9])'),
 ('shopify-access-token', ('shpat_',), '(?<![A-Za-z0-9])shpat_[a-fA-F0-9]{32}'),
 ('shopify-custom-access-token', ('shpca_',), '(?<![A-Za-z0-9])shpca_[a-fA-F0-9]{32}'),
 ('shopify-private-app-access-token', ('shppa_',), '(?<![A-Za-z0-9])shppa_[a-fA-F0-9]{32}'),
 ('shopify-shared-secret', ('shpss_',), '(?<![A-Za-z0-9])shpss_[a-fA-F0-9]{32}'),
 ('slack-app-token', ('xapp',), '(?i)(?<![A-Za-z0-9])xapp-\\d-[A-Z0-9]+-\\d+-[a-z0-9]+'),
 ('slack-bot-token', ('xoxb',), '(?<![A-Za-z0-9])xoxb-[0-9]{10,13}-[0-9]{10,13}[a-zA-Z0-9-]*'),
 ('slack-config-access-token', ('xoxe.xoxb-', 'xoxe.xoxp-'), '(?i)(?<![A-Za-z0-9])xoxe.xox[bp]-\\d-[A-Z0-9]{163,166}'),
 ('slack-config-refresh-token', ('xoxe-',), '(?i)(?<![A-Za-z0-9])xoxe-\\d-[A-Z0-9]{146}'),
 ('slack-legacy-bot-token', ('xoxb',), '(?<![A-Za-z0-9])xoxb-[0-9]{8,14}-[a-zA-Z0-9]{18,26}'),
 ('slack-legacy-token', ('xoxo', 'xoxs'), '(?<![A-Za-z0-9])xox[os]-\\d+-\\d+-\\d+-[a-fA-F\\d]+'),
 ('slack-legacy-workspace-token', ('xoxa', 'xoxr'), '(?<![A-Za-z0-9])xox[ar]-(?:\\d-)?[0-9a-zA-Z]{8,48}'),
 ('slack-user-token', ('xoxp-', 'xoxe-'), '(?<![A-Za-z0-9])xox[pe](?:-[0-9]{10,13}){3}-[a-zA-Z0-9-]{28,34}'),
 ('slack-webhook-url', ('hooks.slack.com',), '(?<![A-Za-z0-9])(?:https?://)?hooks.slack.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{43,56}'),
 ('stripe-access-token', ('sk_test', 'sk_live', 'sk_prod', 'rk_test', 'rk_live', 'rk_prod'), '(?<![A-Za-z0-9])((?:sk|rk)_(?:test|live|prod)_[a-zA-Z0-9]{10,99})(?![A-Za-z0-9])'),
 ('twilio-api-key', ('sk',), '(?<![A-Za-z0-9])SK[0-9a-fA-F]{32}'),
 ('vault-batch-token', ('hvb.',), '(?<![A-Za-z0-9])(hvb\\.[\\w-]{138,300})(?![A-Za-z0-9])'))
