namespace PipelineService.Core.Parsing.Csv;

/// <summary>One field of a CSV record, as a slice of the bytes that the reader was given.</summary>
/// <param name="Start">Where its text starts: after the opening quote if there is one.</param>
/// <param name="Length">Bytes of its text, as written: without the quotes around it, with doubled quotes still
/// doubled.</param>
/// <param name="Flags">How it is written.</param>
public readonly record struct CsvField(int Start, int Length, CsvFieldFlags Flags)
{
    /// <summary>Whether the text holds doubled quotes, so that it must be unescaped before it is a value.</summary>
    public bool HasEscapes => (Flags & CsvFieldFlags.Escaped) != 0;
}

/// <summary>How a CSV field is written.</summary>
[Flags]
public enum CsvFieldFlags
{
    None = 0,
    Quoted = 1,

    /// <summary>Doubled quotes inside; only together with <see cref="Quoted"/>.</summary>
    Escaped = 2,
}
