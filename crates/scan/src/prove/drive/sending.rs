//! Sends requests, and signs up where an application has a form for it.

use super::request::{self, Shape, Try};
use super::{DEATHS, Drive, Driver, Input};
use crate::prove::boxed::Gone;
use crate::prove::judge::{self, Evidence, Trial};
use crate::prove::payloads::{Encoding, Fresh};
use crate::prove::protocol::{Answer, Request, Route};

impl Driver<'_> {
    /// Learns how to sign up and in: the requests that do so are sent before
    /// each route, so that one that signs out does no harm.
    pub(super) fn find_doors(&mut self, routes: &[Route]) -> Result<(), Gone> {
        for words in [
            &["signup", "sign-up", "register"][..],
            &["login", "signin", "sign-in"],
        ] {
            let is_door = |route: &&Route| {
                let path = route.path.to_ascii_lowercase();
                let posts = route.methods.iter().any(|method| method == "POST");
                posts && words.iter().any(|word| path.contains(word)) && !path.contains('{')
            };
            for route in routes.iter().filter(is_door).take(2) {
                let mut drive = Drive::new(route, "POST");
                self.discover(&mut drive)?;
                let shape = if drive
                    .inputs
                    .iter()
                    .any(|input| Shape::of_input(input) == Shape::Form)
                {
                    Shape::Form
                } else {
                    Shape::Json
                };
                let fresh = self.fresh();
                let request = request::make(&drive, None, shape, &fresh);
                self.doors.push(request);
            }
        }
        Ok(())
    }

    /// Signs up and in.
    pub(super) fn enter(&mut self) -> Result<(), Gone> {
        for request in self.doors.clone() {
            self.proved.requests += 1;
            match self.boxed.ask(&request) {
                Ok(_) | Err(Gone::Ended(_)) => {}
                Err(gone) => return Err(gone),
            }
        }
        Ok(())
    }

    /// Sends the name of a file that is not there after one that is.
    pub(super) fn existence(
        &mut self,
        drive: &mut Drive<'_>,
        input: &Input,
        template: &str,
        there: &Trial<'_>,
    ) -> Result<Option<Evidence>, Gone> {
        if !judge::asks(there) {
            return Ok(None);
        }
        let fresh = self.fresh();
        let payload = fresh.fill(template, Encoding::Plain);
        let tried = Some((input, payload.as_str(), Encoding::Plain));
        let shape = Shape::of_input(input);
        let mut request = request::make(drive, tried, shape, &fresh);
        request.plant.clear();
        let answer = self.send_made(drive, &request)?;
        Ok(answer.and_then(|answer| {
            judge::tells(
                there,
                &Trial {
                    fresh: &fresh,
                    answer: &answer,
                },
            )
        }))
    }

    /// Sends a request; none if the project's process did not survive it.
    pub(super) fn send(
        &mut self,
        drive: &mut Drive<'_>,
        tried: Option<Try<'_>>,
        fresh: &Fresh,
        shape: Shape,
    ) -> Result<Option<Answer>, Gone> {
        let request = request::make(drive, tried, shape, fresh);
        self.send_made(drive, &request)
    }

    fn send_made(
        &mut self,
        drive: &mut Drive<'_>,
        request: &Request,
    ) -> Result<Option<Answer>, Gone> {
        if drive.deaths >= DEATHS {
            return Ok(None);
        }
        drive.requests += 1;
        self.proved.requests += 1;
        match self.boxed.ask(request) {
            Ok(answer) => Ok(Some(answer)),
            Err(Gone::Ended(why)) => {
                drive.deaths += 1;
                drive.left = Some(judge::short(&why));
                Ok(None)
            }
            Err(gone) => Err(gone),
        }
    }

    pub(super) fn fresh(&mut self) -> Fresh {
        // Another one after a new start.
        self.words.port = self.boxed.port;
        self.words.fresh()
    }
}
