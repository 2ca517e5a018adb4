using PipelineService.Core.Datasets;

namespace PipelineService.Core.Encoding;

/// <summary>Chooses the encoder of a field: the one table from (field type, SQL type) to code.</summary>
public static class FieldEncoders
{
    public static FieldEncoder Create(FieldDefinition field) => throw new NotSupportedException(field.Name);
}
