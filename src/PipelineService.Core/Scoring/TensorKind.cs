namespace PipelineService.Core.Scoring;

/// <summary>What the values of a tensor are that a model takes or gives.</summary>
public enum TensorKind : byte
{
    /// <summary><see cref="float"/>.</summary>
    Float,

    /// <summary><see cref="double"/>.</summary>
    Double,

    /// <summary><see cref="long"/>.</summary>
    Int64,

    /// <summary><see cref="int"/>.</summary>
    Int32,

    /// <summary>A byte, 1 or 0.</summary>
    Boolean,

    /// <summary>UTF-8; it lies with the model, not in a buffer.</summary>
    Text,
}

/// <summary>How the kinds are called and how long their values are.</summary>
public static class TensorKinds
{
    /// <summary>The word of a kind, as models call it.</summary>
    public static string WordOf(TensorKind kind) => kind switch
    {
        TensorKind.Float => "float",
        TensorKind.Double => "double",
        TensorKind.Int64 => "int64",
        TensorKind.Int32 => "int32",
        TensorKind.Boolean => "bool",
        _ => "string",
    };

    /// <summary>Bytes that a value takes in a buffer.</summary>
    public static int BytesOf(TensorKind kind) => kind switch
    {
        TensorKind.Float or TensorKind.Int32 => sizeof(float),
        TensorKind.Double or TensorKind.Int64 => sizeof(double),
        TensorKind.Boolean => sizeof(bool),
        _ => 0,
    };
}
