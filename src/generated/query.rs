//! Query parameters of generated methods.

use reqwest::Url;

/// A type of parameters.
pub(super) trait Parameter {
    /// Adds the parameter to the query of `url`, if it has a value.
    fn add(&self, url: &mut Url, name: &str);
}

/// Adds a parameter to the query of `url`, if it has a value.
pub(super) fn add(url: &mut Url, name: &str, value: &impl Parameter) {
    value.add(url, name);
}

impl<T: Parameter> Parameter for Option<T> {
    fn add(&self, url: &mut Url, name: &str) {
        if let Some(value) = self {
            value.add(url, name);
        }
    }
}

/// A parameter for each item.
impl Parameter for &Vec<String> {
    fn add(&self, url: &mut Url, name: &str) {
        self.iter().for_each(|item| item.as_str().add(url, name));
    }
}

impl Parameter for &str {
    fn add(&self, url: &mut Url, name: &str) {
        url.query_pairs_mut().append_pair(name, self);
    }
}

impl Parameter for bool {
    fn add(&self, url: &mut Url, name: &str) {
        if *self { "true" } else { "false" }.add(url, name);
    }
}

impl Parameter for i64 {
    fn add(&self, url: &mut Url, name: &str) {
        self.to_string().as_str().add(url, name);
    }
}

impl Parameter for u64 {
    fn add(&self, url: &mut Url, name: &str) {
        self.to_string().as_str().add(url, name);
    }
}

impl Parameter for u16 {
    fn add(&self, url: &mut Url, name: &str) {
        u64::from(*self).add(url, name);
    }
}

impl Parameter for u8 {
    fn add(&self, url: &mut Url, name: &str) {
        u64::from(*self).add(url, name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_parameters_of_each_type() {
        let mut url = Url::parse("http://engine/v1.41/images/json").unwrap();
        add(&mut url, "absent", &None::<&str>);
        add(&mut url, "none", &Some(&Vec::new()));
        assert_eq!(url.query(), None);
        add(&mut url, "all", &Some(true));
        add(&mut url, "size", &false);
        add(&mut url, "limit", &-1_i64);
        add(&mut url, "version", &u64::MAX);
        add(&mut url, "h", &24_u16);
        add(&mut url, "forcerm", &Some(1_u8));
        add(&mut url, "filters", &"{\"a b\":[\"&é\"]}");
        add(&mut url, "t", &Some(&vec!["a".to_owned(), "b/c:1".to_owned()]));
        let expected = "all=true&size=false&limit=-1&version=18446744073709551615&h=24&forcerm=1\
                        &filters=%7B%22a+b%22%3A%5B%22%26%C3%A9%22%5D%7D&t=a&t=b%2Fc%3A1";
        assert_eq!(url.query(), Some(expected));
    }
}
