using System.Text.Json;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms;

/// <summary>One value of a JSON record, as a slice of the chunk.</summary>
/// <param name="Start">Where it starts; of a string: behind its opening quote.</param>
/// <param name="Length">Its bytes as written; of a string: without its quotes.</param>
/// <param name="Kind">None when the record has no such property.</param>
/// <param name="IsEscaped">Whether it is a string with escapes in it.</param>
internal readonly record struct JsonSlice(int Start, int Length, JsonTokenType Kind, bool IsEscaped)
{
    public ValueSpelling Spelling => IsEscaped ? ValueSpelling.JsonEscaped : ValueSpelling.Plain;
}
