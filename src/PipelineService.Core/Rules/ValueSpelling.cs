namespace PipelineService.Core.Rules;

/// <summary>How a text is written, which decides what must be undone to show it.</summary>
public enum ValueSpelling : byte
{
    /// <summary>As it is.</summary>
    Plain,

    /// <summary>As the content of a quoted CSV field in which quotes are doubled; something may be escaped there besides.</summary>
    CsvDoubled,

    /// <summary>As the content of a JSON string with escapes.</summary>
    JsonEscaped,

    /// <summary>As a CSV field, quoted or not, in which something is escaped and quotes are themselves.</summary>
    CsvEscaped,

    /// <summary>Not in the data, but made of it by a step, as it is: an error tells what was sent instead.</summary>
    Made,

    /// <summary>In binary form: see <c>PackedTag</c>.</summary>
    Packed,
}
