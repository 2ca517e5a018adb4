using System.Diagnostics.CodeAnalysis;

namespace PipelineService.Core.Transforms.Expressions.Syntax;

/// <summary>Reading cannot go on behind this fault.</summary>
/// <param name="position">0-based.</param>
/// <param name="sentence">For the user to read.</param>
[SuppressMessage("Design", "CA1032", Justification = "Thrown and caught here only, and never without a place.")]
internal sealed class SyntaxFaultException(int position, string sentence) : FormatException(sentence)
{
    public int Position { get; } = position;
}
