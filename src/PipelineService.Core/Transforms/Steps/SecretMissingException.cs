using System.Diagnostics.CodeAnalysis;

namespace PipelineService.Core.Transforms.Steps;

/// <summary>An op names a secret that the service does not have.</summary>
/// <param name="name">The secret's name.</param>
[SuppressMessage("Design", "CA1032", Justification = "Thrown and caught here only, and never without a name.")]
public sealed class SecretMissingException(string name) : Exception($"The secret \"{name}\" is not set.")
{
    public string Name { get; } = name;
}
