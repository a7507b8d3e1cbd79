//! Values that middleware adds to a scope, one of each type.

use std::{
    any::{Any, TypeId},
    sync::Arc,
};

/// A list, not a map: a connection has two or three, and there are many connections.
#[derive(Default)]
pub(super) struct Extensions(Vec<(TypeId, Arc<dyn Any + Send + Sync>)>);

impl Extensions {
    pub(super) fn insert<T: Send + Sync + 'static>(&mut self, value: Arc<T>) {
        self.0.retain(|(id, _)| *id != TypeId::of::<T>());
        self.0.push((TypeId::of::<T>(), value));
    }

    pub(super) fn get<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.find::<T>()?.downcast_ref()
    }

    pub(super) fn shared<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.find::<T>()?.clone().downcast().ok()
    }

    fn find<T: 'static>(&self) -> Option<&Arc<dyn Any + Send + Sync>> {
        self.0.iter().find(|(id, _)| *id == TypeId::of::<T>()).map(|(_, value)| value)
    }
}
