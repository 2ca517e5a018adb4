using PipelineService.Core.Rules;

namespace PipelineService.Core.Parsing;

/// <summary>One value of a record, as a slice of the bytes that the reader was given; the default is an absent one.</summary>
/// <param name="Start">Where it starts; of text in quotes: behind the opening one.</param>
/// <param name="Length">Its bytes as written; of text in quotes: without them.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Spelling">How text is written: what must be undone to read it.</param>
public readonly record struct RecordValue(int Start, int Length, ValueKind Kind, ValueSpelling Spelling)
{
    /// <summary>Whether the bytes are the value: text without escapes.</summary>
    public bool IsPlainText => Kind == ValueKind.Text && Spelling == ValueSpelling.Plain;

    /// <summary>Whether there is no value.</summary>
    public bool IsMissing => Kind <= ValueKind.Null;
}
