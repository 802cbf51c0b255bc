//! Rewrites the generated methods. Progenitor's code builds the `reqwest::Request`. The call and the decoding of its response
//! are replaced by calls of `generated/hooks.rs` and `generated/response.rs`, because progenitor's code would convert and copy
//! both several times.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use syn::{
    Expr, ExprMethodCall, GenericArgument, Ident, ImplItem, ImplItemFn, LitStr, Pat, PathArguments, ReturnType, Stmt,
    Token, Type, parse_quote, punctuated::Punctuated,
};

/// Rewrites a method, if it is an operation. `may_be_empty` are the operations whose response has no body on some engines.
pub(crate) fn rewrite(method: &mut ImplItem, may_be_empty: &BTreeSet<&str>) {
    let ImplItem::Fn(method) = method else { return };
    let name = method.sig.ident.to_string();
    let (Some(value), Some(mut by_status)) = (value(method), by_status(method)) else { return };
    let is_stream = value == parse_quote!(ByteStream);
    let value: Type = if is_stream { parse_quote!(crate::generated::Body) } else { value };
    method.sig.output = parse_quote!(-> crate::generated::Outcome<#value>);

    let decode: Ident = match &value {
        _ if is_stream => parse_quote!(stream),
        Type::Tuple(_) => parse_quote!(empty),
        _ if may_be_empty.contains(&*name) => parse_quote!(of_or_empty),
        _ => parse_quote!(of),
    };
    for arm in &mut by_status.arms {
        *arm.body = match &arm.pat {
            Pat::Wild(_) => parse_quote!(crate::generated::response::unexpected(response.status())),
            _ => parse_quote!(crate::generated::response::#decode(response, &self.inner).await),
        };
    }
    let mut statements = request(std::mem::take(&mut method.block.stmts));
    statements.push(parse_quote! {
        const OPERATION: &crate::generated::version_check::Operation =
            crate::generated::version_check::operation(#name).expect("an operation of the document");
    });
    statements.push(parse_quote!(let response = self.inner.call(request, OPERATION).await?;));
    statements.push(Stmt::Expr(Expr::Match(by_status), None));
    method.block.stmts = statements;
}

/// The ids of operations with `x-empty`.
pub(crate) fn may_be_empty(document: &Value) -> BTreeSet<&str> {
    let items = document["paths"].as_object().into_iter().flat_map(Map::values);
    let operations = items.flat_map(|item| item.as_object().into_iter().flat_map(Map::values));
    operations.filter(|one| one["x-empty"] == true).filter_map(|one| one["operationId"].as_str()).collect()
}

/// The type of the response: `T` of a method that returns `Result<ResponseValue<T>, _>`.
fn value(method: &ImplItemFn) -> Option<Type> {
    let ReturnType::Type(_, result) = &method.sig.output else { return None };
    argument(&argument(result)?)
}

/// The first generic argument of a type.
fn argument(ty: &Type) -> Option<Type> {
    let Type::Path(path) = ty else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else { return None };
    match arguments.args.first()? {
        GenericArgument::Type(ty) => Some(ty.clone()),
        _ => None,
    }
}

/// The last expression of a method, if it distinguishes statuses.
fn by_status(method: &ImplItemFn) -> Option<syn::ExprMatch> {
    match method.block.stmts.last()? {
        Stmt::Expr(Expr::Match(by_status), None) => Some(by_status.clone()),
        _ => None,
    }
}

/// The statements up to the request.
fn request(statements: Vec<Stmt>) -> Vec<Stmt> {
    let sets_headers = statements.iter().any(|statement| matches!(statement, Stmt::Expr(Expr::If(_), _)));
    let mut kept = Vec::new();
    for mut statement in statements {
        match &mut statement {
            Stmt::Local(local) => {
                let Some(init) = &mut local.init else { continue };
                let Pat::Ident(name) = &local.pat else { panic!("a pattern in a generated method") };
                match &*name.ident.to_string() {
                    "url" => kept.push(url(&init.expr)),
                    "header_map" if sets_headers => kept.push(statement),
                    "request" => {
                        let Expr::Try(built) = &*init.expr else { panic!("a request that is not built") };
                        let (chain, queries) = without_queries(&built.expr, sets_headers);
                        kept.extend(queries.into_iter().rev());
                        kept.push(parse_quote!(let request = #chain.map_err(crate::generated::invalid_request)?;));
                        return kept;
                    }
                    _ => {}
                }
            }
            Stmt::Expr(Expr::If(optional), _) => {
                let Some(Stmt::Expr(Expr::MethodCall(append), _)) = optional.then_branch.stmts.first_mut() else {
                    panic!("an optional parameter that is not a header")
                };
                append.args[1] = parse_quote!(crate::generated::hooks::header(value)?);
                kept.push(statement);
            }
            // The header `api-version`, which engines do not need.
            Stmt::Expr(Expr::MethodCall(append), _) if is_api_version(append) => {}
            _ => panic!("an unexpected statement in a generated method"),
        }
    }
    panic!("a generated method without a request")
}

/// Whether a statement is `header_map.append(HeaderName::from_static("api-version"), …)`.
fn is_api_version(append: &ExprMethodCall) -> bool {
    let Some(Expr::Call(name)) = append.args.first() else { return false };
    name.args.first() == Some(&parse_quote!("api-version"))
}

/// The URL: `format!("{}/a/{}", self.baseurl, …)` would be parsed for each call.
fn url(format: &Expr) -> Stmt {
    let Expr::Macro(format) = format else { panic!("a URL that is not formatted") };
    let arguments = format.mac.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated).expect("arguments");
    let pattern: LitStr = match arguments.first() {
        Some(Expr::Lit(literal)) => parse_quote!(#literal),
        _ => panic!("a URL without a pattern"),
    };
    let pattern = pattern.value();
    let mut parts: Vec<Expr> = Vec::new();
    // The first argument is the base.
    let mut values = arguments.iter().skip(2);
    for text in pattern.split("{}").skip(1) {
        if !text.is_empty() {
            parts.push(parse_quote!(#text));
        }
        if let Some(value) = values.next() {
            parts.push(segment(value));
        }
    }
    parse_quote!(let mut url = self.inner.url(&[#(#parts),*]);)
}

/// The expression for `encode_path(&value.to_string())`, without the copy.
fn segment(encoded: &Expr) -> Expr {
    let value = match encoded {
        Expr::Call(call) => call.args.first(),
        _ => None,
    };
    let Some(Expr::Reference(value)) = value else { panic!("a path segment that is not encoded") };
    let Expr::MethodCall(copy) = &*value.expr else { panic!("a path segment that is not copied") };
    let value = &copy.receiver;
    parse_quote!(&encode_path(#value))
}

/// The chain of calls that builds a request without those for the query, and these as statements, the last one first.
fn without_queries(chain: &Expr, sets_headers: bool) -> (Expr, Vec<Stmt>) {
    let Expr::MethodCall(call) = chain else { return (chain.clone(), Vec::new()) };
    let (receiver, mut queries) = without_queries(&call.receiver, sets_headers);
    let kept = match &*call.method.to_string() {
        "query" => {
            queries.insert(0, query(call));
            receiver
        }
        "headers" if !sets_headers => receiver,
        _ => Expr::MethodCall(ExprMethodCall { receiver: Box::new(receiver), ..call.clone() }),
    };
    (kept, queries)
}

/// The statement for `.query(&QueryParam::new(name, &value))`.
fn query(call: &ExprMethodCall) -> Stmt {
    let Some(Expr::Reference(parameter)) = call.args.first() else { panic!("a query that is not a reference") };
    let Expr::Call(parameter) = &*parameter.expr else { panic!("a query that is not a parameter") };
    let arguments = &parameter.args;
    parse_quote!(crate::generated::query::add(&mut url, #arguments);)
}
