//! Which functions JavaScript's web frameworks call.

use crate::taint::catalogue::Routes;

pub(super) static ROUTES: Routes = Routes {
    verbs: &[],
    marks: &["Get", "Post", "Put", "Patch", "Delete", "All", "Head"],
    json_frameworks: &[],
    handler_classes: &[],
    handler_methods: &[],
    returns_are_pages: false,
    params_are_data: false,
    request_frameworks: &[],
    types: &[
        ("Request", "http.request"),
        ("IncomingMessage", "http.request"),
        ("FastifyRequest", "http.request"),
        ("NextApiRequest", "http.request"),
        ("NextRequest", "http.request"),
        ("VercelRequest", "http.request"),
        ("Response", "http.response"),
        ("ServerResponse", "http.response"),
        ("FastifyReply", "http.response"),
        ("NextApiResponse", "http.response"),
        ("KoaContext", "koa.context"),
    ],
    names: &[
        ("req", "http.request"),
        ("request", "http.request"),
        ("_req", "http.request"),
        ("res", "http.response"),
        ("resp", "http.response"),
        ("response", "http.response"),
        ("reply", "http.response"),
        ("ctx", "koa.context"),
        ("context", "koa.context"),
    ],
    beside: &[
        "req", "request", "_req", "res", "resp", "response", "reply", "next",
    ],
    passed: (
        &["zip", "tar", "archive", "extract", "decompress", "unrar"],
        "archive.entry",
    ),
    // NestJS.
    param_marks: &[
        "Body",
        "Query",
        "Param",
        "Headers",
        "UploadedFile",
        "Cookies",
    ],
    handed_in: &[],
};
