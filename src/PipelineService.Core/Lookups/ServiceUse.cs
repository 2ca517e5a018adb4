using System.Collections.Immutable;
using PipelineService.Core.Datasets.Transforms;

namespace PipelineService.Core.Lookups;

/// <summary>What an op asks a service.</summary>
/// <param name="Op">0-based index of the op.</param>
/// <param name="Service">The service that is asked.</param>
/// <param name="Inputs">What an input is called and as what its value is sent, in the order in which the op has them.</param>
/// <param name="Unavailable">What becomes of a record while there is no answer.</param>
public sealed record ServiceUse(int Op, string Service, ImmutableArray<LookupColumn> Inputs, OnUnavailable Unavailable);
