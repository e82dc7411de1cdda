//! The session's certificate authority: signs for hosts that are looked into.
//! Its key exists in memory only, and for one session.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;

use crate::EgressError;

/// How many certificates are kept. One costs about a tenth of a millisecond.
const KEPT: usize = 1024;

/// A certificate authority that nobody but one box trusts.
pub struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
    /// For every host the same: the authority signs for any host anyway.
    key: KeyPair,
    made: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority([secret])")
    }
}

impl Authority {
    /// Makes one, with new keys.
    pub fn new() -> Result<Self, EgressError> {
        let made = || {
            let own = KeyPair::generate()?;
            let mut params = CertificateParams::new(Vec::new())?;
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            let name = &mut params.distinguished_name;
            name.push(DnType::CommonName, "Cofferdam, this session only");
            limit(&mut params);
            let pem = params.self_signed(&own)?.pem();
            Ok(Self {
                pem,
                issuer: Issuer::new(params, own),
                key: KeyPair::generate()?,
                made: Mutex::default(),
            })
        };
        made().map_err(EgressError::Authority)
    }

    /// Its certificate, for the box to trust.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate for a host by name, or by address without brackets.
    pub(crate) fn certificate(&self, host: &str) -> Result<Arc<CertifiedKey>, EgressError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = made.get(host) {
            return Ok(Arc::clone(found));
        }
        let certified = Arc::new(self.sign(host)?);
        if made.len() >= KEPT {
            made.clear();
        }
        made.insert(host.to_owned(), Arc::clone(&certified));
        Ok(certified)
    }

    fn sign(&self, host: &str) -> Result<CertifiedKey, EgressError> {
        let mut params =
            CertificateParams::new(vec![host.to_owned()]).map_err(EgressError::Authority)?;
        params.use_authority_key_identifier_extension = true;
        let mut name = DistinguishedName::new();
        // What does not fit is in the alternative names, which count.
        name.push(
            DnType::CommonName,
            host.get(..host.len().min(64)).unwrap_or_default(),
        );
        params.distinguished_name = name;
        limit(&mut params);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params
            .signed_by(&self.key, &self.issuer)
            .map_err(EgressError::Authority)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let key = rustls::crypto::ring::sign::any_supported_type(&key).map_err(EgressError::Tls)?;
        Ok(CertifiedKey::new(vec![certificate.der().clone()], key))
    }
}

/// From yesterday, for clocks that are behind, for a month.
fn limit(params: &mut CertificateParams) {
    let day = |days: i64| {
        let seconds = jiff::Timestamp::now().as_second() + days * 24 * 60 * 60;
        let date = jiff::Timestamp::from_second(seconds).ok()?;
        let date = jiff::tz::TimeZone::UTC.to_datetime(date).date();
        let (month, day) = (date.month().try_into().ok()?, date.day().try_into().ok()?);
        Some(rcgen::date_time_ymd(date.year().into(), month, day))
    };
    if let (Some(first), Some(last)) = (day(-1), day(30)) {
        params.not_before = first;
        params.not_after = last;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sessions_share_nothing_and_one_host_is_signed_once() {
        let (one, other) = (Authority::new().unwrap(), Authority::new().unwrap());
        assert_ne!(one.pem(), other.pem());
        let first = one.certificate("example.com").unwrap();
        let again = one.certificate("example.com").unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        let address = one.certificate("127.0.0.1").unwrap();
        assert_ne!(first.cert, address.cert);
        assert!(!format!("{one:?}").contains("PRIVATE"));
    }
}
